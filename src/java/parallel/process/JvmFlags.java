package parallel.process;

import java.lang.management.ManagementFactory;
import java.lang.module.ResolvedModule;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Which of this JVM's flags its workers get. */
final class JvmFlags
{
    /** What every worker gets of ours; the user's own options come later and win. */
    static final List<String> OWN = List.of(
        "-XX:-UsePerfData",     // its file in the temp dir would outlive a kill -9
        "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
        // Four times the defaults: while Clojure loads, C2 compiles what is soon of no use, on a processor that the
        // start needs.
        "-XX:Tier4InvocationThreshold=20000", "-XX:Tier4MinInvocationThreshold=2400",
        "-XX:Tier4CompileThreshold=60000", "-XX:Tier4BackEdgeThreshold=160000");

    private static final Set<String> ASSERTIONS = Set.of("-ea", "-da", "-esa", "-dsa",
        "-enableassertions", "-disableassertions", "-enablesystemassertions", "-disablesystemassertions");

    private JvmFlags()
    {
    }

    static List<String> inherited()
    {
        return Holder.INHERITED;
    }

    static List<String> inheritedFrom(List<String> arguments, Set<String> modules)
    {
        List<String> kept = new ArrayList<>();
        for (String argument : arguments)
        {
            if (isAssertion(argument) || isModuleFlag(argument) && names(argument, modules) && !OWN.contains(argument))
            {
                kept.add(argument);
            }
        }
        return List.copyOf(kept);
    }

    private static boolean isAssertion(String argument)
    {
        int colon = argument.indexOf(':');
        return ASSERTIONS.contains(colon < 0 ? argument : argument.substring(0, colon));
    }

    private static boolean isModuleFlag(String argument)
    {
        return argument.startsWith("--add-") || argument.startsWith("--enable-");
    }

    /**
     * A program started from a module path runs in its workers from the class path, where its own modules have no
     * name: {@code --add-modules} of one would end the worker at once, the others would print a warning.
     */
    private static boolean names(String argument, Set<String> modules)
    {
        int equals = argument.indexOf('=');
        return equals < 0 || Stream.of(argument.substring(equals + 1).split("[,=]"))
            .map((part) -> part.contains("/") ? part.substring(0, part.indexOf('/')) : part)
            .allMatch((name) -> name.startsWith("ALL-") || modules.contains(name));
    }

    /** Asking the JVM costs 20 ms once, so it is asked when the first worker starts and not before. */
    private static final class Holder
    {
        static final List<String> INHERITED = read();

        private static List<String> read()
        {
            try
            {
                return inheritedFrom(ManagementFactory.getRuntimeMXBean().getInputArguments(), systemModules());
            }
            catch (LinkageError withoutManagement)
            {
                return List.of();   // an image built without java.management
            }
        }

        /** Those of the JDK: what the boot layer has from the run-time image. */
        private static Set<String> systemModules()
        {
            return ModuleLayer.boot().configuration().modules().stream()
                .filter((module) ->
                module.reference().location().map((uri) -> "jrt".equals(uri.getScheme())).orElse(false))
                .map(ResolvedModule::name)
                .collect(Collectors.toUnmodifiableSet());
        }
    }
}
