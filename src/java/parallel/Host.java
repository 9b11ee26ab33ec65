package parallel;

/**
 * A machine that workers can be started on, added by {@link Hosts}. Safe from any thread.
 *
 * <pre>{@code
 * try (Host pod = Hosts.add(HostOptions.start("kubectl", "exec", "-i", "pod-1", "--").name("pod")))
 * {
 *     Worker worker = Parallel.run(WorkerOptions.builder().in(pod).build(), () -> 42);
 *     System.out.println(worker.join());
 * }
 * catch (HostLostException e)
 * {
 *     System.err.println(e.data().get("why"));     // such as "silent"
 * }
 * }</pre>
 */
public interface Host extends AutoCloseable
{
    /**
     * Returns its name in this session. Never blocks.
     *
     * @return the name that was set, or that of the machine.
     */
    String name();

    /**
     * Returns what is known of it now. Never blocks.
     *
     * @return a snapshot of its state.
     */
    HostStatus status();

    /**
     * Returns how many processors its workers may use. Never blocks.
     *
     * @return the number, 1 or more.
     */
    int cores();

    /** Stops its workers, as {@link Worker#stop()} does, then its agent; blocks until that is done. Idempotent. */
    @Override
    void close();
}
