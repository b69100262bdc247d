package lignin.nextflow;

import nextflow.plugin.BasePlugin;
import org.pf4j.PluginWrapper;

/** What Nextflow's plug-in machinery starts; all that happens is in {@link ObserverFactory}. */
public final class LigninPlugin extends BasePlugin {
    public LigninPlugin(PluginWrapper wrapper) {
        super(wrapper);
    }
}
