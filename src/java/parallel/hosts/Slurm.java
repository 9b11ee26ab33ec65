package parallel.hosts;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

import parallel.control.Errors;

/** The commands of Slurm, as they are run. */
final class Slurm
{
    /** Variables that are options of its commands; those of a job say what its first step was like. */
    private static final Pattern OPTIONS = Pattern.compile("(SLURM|SRUN)_.*|SALLOC_NO_SHELL");
    /** Which cluster it is. */
    private static final Set<String> KEPT = Set.of("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_CLUSTERS",
        "SLURM_WORKING_CLUSTER", "SLURM_JWT");
    private static final long ANSWER_MS = 5_000;

    private Slurm()
    {
    }

    /** Throws BAD_ARGUMENT unless these commands are on the PATH. */
    static void check(String... names)
    {
        String path = System.getenv("PATH");
        for (String name : names)
        {
            if (path == null || Arrays.stream(path.split(File.pathSeparator))
                .noneMatch(directory -> !directory.isEmpty() && Files.isExecutable(Path.of(directory, name))))
            {
                throw Errors.badArgument("There is no command " + name + " of Slurm on this machine's PATH, which is " +
                    path + ". Run this on a machine that has srun, salloc, scontrol and squeue.");
            }
        }
    }

    /**
     * Words that begin a command: without options from the environment, and in a session of its own, so that Ctrl-C at
     * the terminal goes past it.
     */
    static List<String> command(String name)
    {
        List<String> words = new ArrayList<>(List.of("env"));
        System.getenv().keySet().stream().filter(key -> OPTIONS.matcher(key).matches() && !KEPT.contains(key)).sorted()
            .forEach(key -> words.addAll(List.of("-u", key)));
        words.addAll(List.of("setsid", name));
        return words;
    }

    /**
     * What a short command prints.
     *
     * @return its stdout; null where it fails, or does not end within 5 s.
     */
    static String said(String... words) throws InterruptedException
    {
        try
        {
            Process process = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            process.getOutputStream().close();
            if (!process.waitFor(ANSWER_MS, TimeUnit.MILLISECONDS))
            {
                process.destroyForcibly();
                return null;
            }
            return process.exitValue() != 0 ? null :
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        }
        catch (IOException e)
        {
            return null;
        }
    }
}
