package lignin.nextflow;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import nextflow.Session;
import nextflow.trace.TraceObserverFactoryV2;
import nextflow.trace.TraceObserverV2;

/** Gives a run its observer, unless the user switched the plug-in off. */
public final class ObserverFactory implements TraceObserverFactoryV2 {
    @Override
    public Collection<TraceObserverV2> create(Session session) {
        Guard guard = new Guard();
        return guard.call("start", () -> {
            Settings settings = Settings.of(System.getenv(), session.getConfig());
            return settings.enabled() ? List.<TraceObserverV2>of(new RunObserver(settings, guard)) : List.<TraceObserverV2>of();
        }, List.of());
    }
}
