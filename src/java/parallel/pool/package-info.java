/**
 * One queue for many workers.
 *
 * <p>Begin with {@link parallel.pool.Pool}, which takes tasks in and settles their futures
 * ({@link parallel.pool.PoolTask}). {@code FairQueue} has the tasks that wait. {@code Crew} has the workers, and
 * decides which of them gets the next task and which is replaced. A {@code PoolWorker} is one of them, with the two
 * threads that send and receive; {@link parallel.pool.DeathPolicy} alone counts deaths. One lock guards all of that.
 *
 * <p>In the worker {@link parallel.pool.TaskLoop} evaluates. {@code Wire} has the messages between the two. Only
 * public calls of handles are used, so any kind of worker will do; {@link parallel.pool.Pools} alone knows how one is
 * started.
 *
 * <p>May know: api, place, runtime, control, codec.
 */
package parallel.pool;
