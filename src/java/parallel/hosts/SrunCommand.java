package parallel.hosts;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The command that reaches a node of an allocation by Slurm's srun: one more step of the job, with all that the job has
 * on the node. When srun is killed, its helper process has Slurm end the step.
 *
 * @param job  number of the allocation.
 * @param node of it.
 */
public record SrunCommand(String job, String node) implements AgentCommand
{
    private static final int BY_SIGNAL = 128;
    private static final Pattern ERROR = Pattern.compile("^srun: (?:error|fatal): (.*)$", Pattern.MULTILINE);
    private static final Pattern TASK_ENDED = Pattern.compile("^srun: error: \\S+ task 0: ", Pattern.MULTILINE);
    /** Said where the cluster binds no task to processors. */
    private static final String NO_BINDING = "lacks support for cpu binding";

    @Override
    public List<String> words()
    {
        List<String> words = new ArrayList<>(Slurm.command("srun"));
        words.addAll(List.of("--jobid=" + job, "--nodelist=" + node, "--nodes=1", "--ntasks=1", "--job-name=parallel",
            "--overlap",            // other steps of the job have the node, too
            "--mem=0",              // all that the job has there
            "--cpu-bind=none",      // or some clusters bind the agent, and its workers with it, to one processor
            "--mpi=none", "--export=ALL", "--input=all", "--output=all", "--error=all"));
        return words;
    }

    /** Not where a task has been started: what that wrote says more. */
    @Override
    public String advice(String errors)
    {
        Matcher error = ERROR.matcher(errors);
        return TASK_ENDED.matcher(errors).find() || !error.find() ? null :
            "Slurm has not started its agent: " + error.group(1) + ".";
    }

    /** It says how its task ended, unless it is killed itself. */
    @Override
    public String whyEnded(int exit, String errors)
    {
        return exit > BY_SIGNAL && !TASK_ENDED.matcher(errors).find() ? "launcher-exit" : "agent-died";
    }

    @Override
    public boolean isNoise(String line)
    {
        return line.contains(NO_BINDING);
    }

    /** The helper must outlive it. */
    @Override
    public boolean endsWhatItStarted()
    {
        return true;
    }
}
