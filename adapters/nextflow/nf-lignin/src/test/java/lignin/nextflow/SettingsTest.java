package lignin.nextflow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsTest {
    @Test
    void theEnvironmentStandsBeforeTheConfiguration() {
        Map<String, Object> config = Map.of("lignin", Map.of("spool", "/config", "wait", 5, "ingest", false));
        Settings settings = Settings.of(Map.of("LIGNIN_NEXTFLOW_SPOOL", "/env", "NXF_HOME", "/home/nf"), config);
        assertEquals(Path.of("/env"), settings.spoolFolder());
        assertEquals(Path.of("/home/nf"), settings.nextflowHome());
        assertEquals(5, settings.waitSeconds());
        assertNull(settings.program());
        assertTrue(settings.enabled());
    }

    @Test
    void withoutSettingsTheProgramOfThePathIsTaken() {
        Settings settings = Settings.of(Map.of(), null);
        assertEquals("lignin", settings.program());
        assertNull(settings.spoolFolder());
        assertEquals(60, settings.waitSeconds());
    }

    @Test
    void offSwitchesOff() {
        assertFalse(Settings.of(Map.of("LIGNIN_NEXTFLOW", "off"), Map.of()).enabled());
        assertNull(Settings.of(Map.of("LIGNIN_CLI", ""), Map.of()).program());
        assertEquals(60, Settings.of(Map.of("LIGNIN_NEXTFLOW_WAIT", "soon"), Map.of()).waitSeconds());
    }

    @Test
    void aProgramIsOneThatCanBeRun(@TempDir Path folder) throws Exception {
        Path program = Files.writeString(folder.resolve("lignin"), "#!/bin/sh\n");
        assertNull(Ingester.find("lignin", "/nowhere:" + folder));
        assertTrue(program.toFile().setExecutable(true));
        assertEquals(program, Ingester.find("lignin", "/nowhere:" + folder));
        assertEquals(program, Ingester.find(program.toString(), ""));
        assertNull(Ingester.find(null, folder.toString()));
    }
}
