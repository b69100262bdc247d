package lignin.nextflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RedactionTest {
    /** The same file is read by a test in Python, so that both sides judge alike. */
    private static List<String[]> cases(String kind) throws IOException {
        try (InputStream in = RedactionTest.class.getResourceAsStream("/redaction.tsv")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines()
                .filter(line -> line.startsWith(kind + "\t"))
                .map(line -> line.replace("\\n", "\n").split("\t"))
                .toList();
        }
    }

    @Test
    void namesAreJudgedAsPythonDoes() throws IOException {
        List<String[]> cases = cases("N");
        assertTrue(cases.size() > 30);
        for (String[] row : cases) {
            assertEquals(Boolean.valueOf(row[2]), Redaction.isSecretName(row[1]), row[1]);
        }
    }

    @Test
    void textsAreMaskedAsPythonDoes() throws IOException {
        List<String[]> cases = cases("T");
        assertTrue(cases.size() > 30);
        for (String[] row : cases) {
            assertEquals(row[2].replace("\\t", "\t"), Redaction.text(row[1].replace("\\t", "\t")), row[1]);
        }
    }

    @Test
    void aLongTextNeitherTakesLongNorOverflows() {
        String text = "-----BEGIN PRIVATE KEY-----" + "- -".repeat(200_000) + "token=".repeat(10_000) + "'".repeat(50_000);
        assertTimeoutPreemptively(Duration.ofSeconds(60), () -> Redaction.text(text));
    }

    @Test
    void theItemAfterASecretOptionIsOne() {
        assertEquals(List.of("--api-key", "***", "--n", "1"), Values.of(List.of("--api-key", "abc", "--n", "1")));
        assertEquals(Map.of("clientSecret", "***"), Values.of(Map.of("clientSecret", List.of("a", "b"))));
    }
}
