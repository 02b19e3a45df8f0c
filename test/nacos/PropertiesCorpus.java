import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.TreeMap;

/** Reads one base64 text per line and answers what java.util.Properties makes of it: base64 keys and values, or `!`. */
public class PropertiesCorpus {
    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Properties properties = new Properties();
            try {
                properties.load(new StringReader(new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8)));
            } catch (IllegalArgumentException malformed) {
                System.out.println("!");
                continue;
            }
            List<String> pairs = new ArrayList<>();
            new TreeMap<>(properties).forEach((key, value) -> pairs.add(encode(key) + ":" + encode(value)));
            System.out.println(String.join(",", pairs));
        }
    }

    private static String encode(Object text) {
        return Base64.getEncoder().encodeToString(((String) text).getBytes(StandardCharsets.UTF_8));
    }
}
