package lignin.nextflow;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;

/** Trees of maps, lists, texts, numbers and booleans as one line of JSON. */
final class Json {
    private static final char[] HEX = "0123456789abcdef".toCharArray();
    private final StringBuilder out = new StringBuilder(512);

    private Json() {
    }

    static String line(Object tree) {
        Json json = new Json();
        json.write(tree);
        return json.out.toString();
    }

    private void write(Object value) {
        if (value == null || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Number number) {
            writeNumber(number);
        } else if (value instanceof Map<?, ?> map) {
            writeMap(map);
        } else if (value instanceof List<?> list) {
            writeList(list);
        } else {
            writeText(value.toString());
        }
    }

    private void writeNumber(Number number) {
        boolean fraction = number instanceof Double || number instanceof Float;
        if (fraction && !Double.isFinite(number.doubleValue())) {
            writeText(number.toString());
        } else if (fraction || number instanceof BigDecimal || number instanceof BigInteger) {
            out.append(number);
        } else {
            out.append(number.longValue());
        }
    }

    private void writeMap(Map<?, ?> map) {
        out.append('{');
        String comma = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.append(comma);
            comma = ",";
            writeText(String.valueOf(entry.getKey()));
            out.append(':');
            write(entry.getValue());
        }
        out.append('}');
    }

    private void writeList(List<?> list) {
        out.append('[');
        String comma = "";
        for (Object item : list) {
            out.append(comma);
            comma = ",";
            write(item);
        }
        out.append(']');
    }

    private void writeText(String text) {
        out.append('"');
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c == '\n') {
                out.append("\\n");
            } else if (c == '\t') {
                out.append("\\t");
            } else if (c < 0x20 || c == 0x7f || c == '\u0085' || c == '\u2028' || c == '\u2029') {
                // The last three end a line for some readers.
                out.append("\\u").append(HEX[c >> 12]).append(HEX[c >> 8 & 15]).append(HEX[c >> 4 & 15]).append(HEX[c & 15]);
            } else if (!Character.isSurrogate(c)) {
                out.append(c);
            } else if (Character.isHighSurrogate(c) && at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1))) {
                out.append(c).append(text.charAt(++at));
            } else {
                // Half a character cannot be written as UTF-8.
                out.append('\ufffd');
            }
        }
        out.append('"');
    }
}
