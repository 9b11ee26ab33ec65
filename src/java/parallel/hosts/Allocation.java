package parallel.hosts;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import parallel.control.Errors;

/**
 * An allocation of Slurm.
 *
 * @param job   its number.
 * @param nodes of it.
 * @param cpus  of it on each of these; empty where that is not known.
 */
record Allocation(String job, List<String> nodes, List<Integer> cpus)
{
    /** As SLURM_JOB_CPUS_PER_NODE has it: {@code 16(x3),8}. */
    private static final Pattern CPUS = Pattern.compile("(\\d{1,9})(?:\\(x(\\d{1,9})\\))?(?:,|$)");

    /**
     * The allocation that this process runs in.
     *
     * @throws parallel.ParallelException with BAD_ARGUMENT if there is none.
     */
    static Allocation ofThisProcess() throws InterruptedException
    {
        String job = variable("SLURM_JOB_ID", "SLURM_JOBID");
        String nodes = variable("SLURM_JOB_NODELIST", "SLURM_NODELIST");
        if (job == null || nodes == null)
        {
            throw Errors.badArgument("This JVM does not run in an allocation of Slurm: " + (job == null ?
                "SLURM_JOB_ID" : "SLURM_JOB_NODELIST") + " is not set. Start it by sbatch, srun or salloc, or make " +
                "an allocation with the option nodes.");
        }
        return of(job, nodes, variable("SLURM_JOB_CPUS_PER_NODE"));
    }

    private static String variable(String... names)
    {
        for (String name : names)
        {
            String value = System.getenv(name);
            if (value != null && !value.isBlank())
            {
                return value.strip();
            }
        }
        return null;
    }

    /**
     * An allocation, as Slurm writes it.
     *
     * @param list such as {@code n[1-3,7]}.
     * @param cpus such as {@code 16(x3),8}, or null.
     */
    static Allocation of(String job, String list, String cpus) throws InterruptedException
    {
        String names = Slurm.said("scontrol", "show", "hostnames", list);
        if (names == null || names.isEmpty())
        {
            throw Errors.badArgument("The nodes of the allocation " + job + " are " + list + ", which the command " +
                "scontrol show hostnames does not understand.");
        }
        List<String> nodes = names.lines().toList();
        List<Integer> each = cpus(cpus == null ? "" : cpus);
        return new Allocation(job, nodes, each.size() == nodes.size() ? each : List.of());
    }

    private static List<Integer> cpus(String text)
    {
        List<Integer> each = new ArrayList<>();
        Matcher matcher = CPUS.matcher(text);
        while (matcher.find() && each.size() < 1_000_000)
        {
            int times = matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2));
            for (int i = 0; i < Math.min(times, 1_000_000); i++)
            {
                each.add(Integer.parseInt(matcher.group(1)));
            }
        }
        return each;
    }
}
