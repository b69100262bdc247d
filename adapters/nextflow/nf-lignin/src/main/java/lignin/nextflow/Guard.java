package lignin.nextflow;

import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps whatever goes wrong in here away from the user's pipeline, and says so once. */
final class Guard {
    // Below `nextflow`, since its console shows the loggers of that name alone.
    private static final Logger LOG = LoggerFactory.getLogger("nextflow.lignin");
    private final AtomicBoolean said = new AtomicBoolean();

    /** A step that may fail in any way. */
    interface Step {
        void run() throws Exception;
    }

    void run(String what, Step step) {
        call(what, () -> {
            step.run();
            return null;
        }, null);
    }

    /** What {@code step} gives, or {@code otherwise} when it fails, linkage errors of a newer Nextflow among them. */
    <T> T call(String what, Callable<T> step, T otherwise) {
        try {
            return step.call();
        } catch (Throwable trouble) {
            say("could not record (" + what + "): " + trouble, trouble);
            return otherwise;
        }
    }

    /** One warning for the user; all later ones go to Nextflow's own log. */
    void say(String message, Throwable trouble) {
        try {
            if (said.compareAndSet(false, true)) {
                LOG.warn("lignin {}. The pipeline is not affected.", message);
            }
            LOG.debug("lignin {}", message, trouble);
        } catch (Throwable lost) {
            // Logging is closed while the JVM ends: there is nobody left to tell.
            said.set(true);
        }
    }
}
