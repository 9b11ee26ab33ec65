package parallel;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A worker, as its parent holds it: the peer to exchange messages with, the future of its final value, and a resource
 * to close.
 *
 * <p>{@link Future#get()} gives the same value as {@link #join()}, with its error wrapped in
 * {@link java.util.concurrent.ExecutionException}; {@link Future#cancel(boolean)} is {@link #stop()}. Safe from any
 * thread.
 *
 * <pre>{@code
 * try (Worker worker = Parallel.run(() -> 6 * 7)) {
 *     System.out.println(worker.join());   // 42
 * }
 * catch (WorkerDiedException e) {
 *     System.err.println(e.data().get("signal"));     // such as KILL
 * }
 * }</pre>
 */
public interface Worker extends Peer, Future<Object>, AutoCloseable
{
    /**
     * Returns the operating system's process id. Never blocks.
     *
     * @return the id, 0 until the process has been started; that of this JVM for a thread worker.
     */
    long pid();

    /**
     * Waits until the worker has ended: its process is reaped, its output delivered, its state final. Takes what it
     * sends into the inbox meanwhile.
     *
     * @return the worker's final value.
     * @throws RemoteException      if its code threw.
     * @throws WorkerDiedException  if it ended without finishing.
     * @throws StartFailedException if it never became ready.
     * @throws InterruptedException if interrupted while blocked.
     */
    Object join() throws InterruptedException;

    /**
     * Waits until the worker has ended, as {@link #join()} does, for a limited time.
     *
     * @param timeout how long to wait, 0 or more.
     * @param unit    the unit of the time-out.
     * @return the worker's final value.
     * @throws TimeoutException     if it has not ended in time. Its cause, of the code TIMEOUT, has the worker's
     *                              {@code "status"} and its {@code "threads"} if it answers within a quarter of a
     *                              second more.
     * @throws ParallelException    as {@link #join()}.
     * @throws InterruptedException if interrupted while blocked.
     */
    Object join(long timeout, TimeUnit unit) throws InterruptedException, TimeoutException;

    /**
     * Waits until the worker has {@link Peer#yield yielded}, and gives it a message: a rendezvous, separate from the
     * messages. The worker then continues. Takes what it sends into the inbox meanwhile.
     *
     * @param message any value that can be sent, or null; {@code yield} returns it.
     * @return the value that the worker has yielded.
     * @throws ClosedException          if the worker has ended normally instead.
     * @throws ParallelException        its error, if it has failed or died instead.
     * @throws NotTransferableException if the message cannot be sent: the worker is not released; or if what it has
     *     yielded cannot be read: it is.
     * @throws InterruptedException     if interrupted while blocked; the worker is not released.
     */
    Object step(Object message) throws InterruptedException;

    /**
     * Waits until the worker has yielded, as {@link #step(Object)} does, for a limited time.
     *
     * @param message any value that can be sent, or null; {@code yield} returns it.
     * @param timeout how long to wait, 0 or more.
     * @param unit    the unit of the time-out.
     * @return the value that the worker has yielded.
     * @throws TimeoutException     if it has not yielded in time; it is not released. Its cause is as that of
     *                              {@link #join(long, TimeUnit)}.
     * @throws ParallelException    as {@link #step(Object)}.
     * @throws InterruptedException if interrupted while blocked; the worker is not released.
     */
    Object step(Object message, long timeout, TimeUnit unit) throws InterruptedException, TimeoutException;

    /**
     * Interrupts what the worker evaluates now, as {@link Thread#interrupt()} does, never its next evaluation. No
     * effect on an idle worker. Never blocks.
     */
    void interrupt();

    /**
     * Ends the worker: asks, interrupts, SIGTERM, SIGKILL, each after a share of the grace
     * ({@link WorkerOptions.Builder#grace}). Blocks until it has ended; an interrupt does not shorten that. Idempotent.
     */
    void stop();

    /**
     * Kills the worker with SIGKILL. Does not wait for its end; {@link #join()} does.
     */
    void kill();

    /**
     * Returns whether the worker has not ended yet. Never blocks.
     *
     * @return true until its end.
     */
    boolean isAlive();

    /**
     * Returns what the worker is doing, from shared memory: also for a hung, stopped or dead worker. Never blocks,
     * never throws.
     *
     * @return its status now, or its last one.
     */
    WorkerStatus status();

    /**
     * Returns a future that is completed with the last status when the worker has ended, however it ended.
     *
     * @return a new future each time.
     */
    CompletableFuture<WorkerStatus> onExit();

    /**
     * Ends the worker, as {@link #stop()} does.
     */
    @Override
    void close();
}
