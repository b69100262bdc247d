package lignin.nextflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import groovy.lang.Closure;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import nextflow.file.FileHolder;
import nextflow.processor.ErrorStrategy;
import nextflow.util.MemoryUnit;
import org.codehaus.groovy.runtime.GStringImpl;
import org.junit.jupiter.api.Test;

class ValuesTest {
    /** What fails the test when anyone asks it. */
    private static final class Dynamic extends Closure<Object> {
        private static final long serialVersionUID = 1;

        Dynamic() {
            super(ValuesTest.class);
        }

        @Override
        public Object call(Object... arguments) {
            throw new AssertionError("evaluated");
        }
    }

    @Test
    void filesAreFoundAtAnyDepth() {
        Map<String, Object> value = Map.of("reads", List.of(Path.of("/data/a b.txt"), new File("/data/c")), "n", 2);
        assertEquals(
            Map.of("reads", List.of(Map.of("$path", "/data/a b.txt"), Map.of("$path", "/data/c")), "n", 2),
            Values.of(value));
    }

    @Test
    void aStagedFileIsWhereItCameFrom() {
        assertEquals(Map.of("$path", "/data/a.txt"), Values.of(new FileHolder(Path.of("/data/a.txt"))));
    }

    @Test
    void nothingDynamicIsEvaluated() {
        assertEquals(Map.of("$type", Dynamic.class.getName()), Values.of(new Dynamic()));
        GStringImpl text = new GStringImpl(new Object[] {new Dynamic()}, new String[] {"x ", ""});
        assertEquals(Map.of("$type", GStringImpl.class.getName()), Values.of(text));
        assertEquals("x 1", Values.of(new GStringImpl(new Object[] {1}, new String[] {"x ", ""})));
    }

    @Test
    void theFieldsOwnObjectsAreTextsOfTheirClass() {
        assertEquals(Map.of("$type", MemoryUnit.class.getName(), "$text", "64 MB"), Values.of(new MemoryUnit("64 MB")));
        assertEquals(Map.of("$type", ErrorStrategy.class.getName(), "$text", "RETRY"), Values.of(ErrorStrategy.RETRY));
    }

    @Test
    void anObjectThatCannotBeToldHasItsClass() {
        Object odd = new Object() {
            @Override
            public String toString() {
                throw new IllegalStateException();
            }
        };
        assertEquals(Map.of("$type", odd.getClass().getName()), Values.of(odd));
    }

    @Test
    void keysOfTheWriterCannotBeMistakenForTheUsers() {
        assertEquals(Map.of("$$path", "x"), Values.of(Map.of("$path", "x")));
        assertEquals(Map.of("null", 1), Values.of(Collections.singletonMap(null, 1)));
    }

    @Test
    void whatIsLongIsCutAndSaysSo() {
        List<Integer> many = Collections.nCopies(Values.ITEMS + 5, 1);
        Map<?, ?> cut = (Map<?, ?>) Values.of(many);
        assertEquals(Values.ITEMS + 5, cut.get("$truncated"));
        assertEquals(Values.ITEMS, ((List<?>) cut.get("$head")).size());
        Map<?, ?> text = (Map<?, ?>) Values.of("x".repeat(100_000));
        assertEquals(100_000, text.get("$truncated"));
        assertEquals("x".repeat(Texts.LONG) + "…", text.get("$head"));
        assertEquals(List.of(1, 2), Values.of(new int[] {1, 2}));
    }

    @Test
    void aValueThatHoldsItselfEnds() {
        List<Object> loop = new ArrayList<>();
        loop.add(loop);
        loop.add(loop);
        Map<String, Object> map = new HashMap<>();
        map.put("loop", loop);
        assertTrue(Json.line(Values.of(map)).contains("$deep"));
    }

    @Test
    void secretsGoByTheirName() {
        Map<String, Object> params = new HashMap<>();
        params.put("api_key", "abc");
        params.put("use_token", false);
        params.put("token", null);
        params.put("url", "https://me:abc@host/x");
        Map<String, Object> clean = new HashMap<>(params);
        clean.put("api_key", "***");
        clean.put("url", "https://me:***@host/x");
        assertEquals(clean, Values.of(params));
        assertEquals("***", Values.of("abc", "password"));
        assertEquals(Arrays.asList(1, null), Values.of(Arrays.asList(1, null)));
    }
}
