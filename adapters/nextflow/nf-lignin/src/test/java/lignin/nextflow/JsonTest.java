package lignin.nextflow;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.Gson;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void everyKindOfValueIsWritten() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("n", null);
        tree.put("yes", true);
        tree.put("int", 1);
        tree.put("long", Long.MAX_VALUE);
        tree.put("half", 0.5);
        tree.put("big", new BigInteger("123456789012345678901234567890"));
        tree.put("exact", new BigDecimal("1.10"));
        tree.put("nan", Double.NaN);
        tree.put("list", Arrays.asList("a", null, List.of()));
        tree.put("map", Map.of());
        assertEquals(
            "{\"n\":null,\"yes\":true,\"int\":1,\"long\":9223372036854775807,\"half\":0.5,\"big\":123456789012345678901234567890,"
                + "\"exact\":1.10,\"nan\":\"NaN\",\"list\":[\"a\",null,[]],\"map\":{}}",
            Json.line(tree));
    }

    @Test
    void whatEndsALineIsEscaped() {
        String text = "quote \" back \\ line \n return \r tab \t null \u0000 next \u0085 separators \u2028\u2029 é 漢 \ud83e\uddec";
        String line = Json.line(text);
        assertEquals(1, line.lines().count());
        assertEquals(text, new Gson().fromJson(line, String.class));
    }

    @Test
    void halfACharacterBecomesAReplacement() {
        assertEquals("\"a\ufffdb\ufffd\"", Json.line("a\ud83eb\udd0c"));
    }
}
