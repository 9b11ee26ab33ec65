package parallel.runtime;

import java.util.function.Supplier;

import parallel.ParallelException;
import parallel.WorkerStatus.State;

/**
 * How a worker ended.
 *
 * @param state  one of ENDED, FAILED, DEAD.
 * @param value  codec bytes of the final value; null if there is none.
 * @param error  makes its error; null if it ended normally.
 * @param ending of its process.
 */
record Outcome(State state, byte[] value, Supplier<ParallelException> error, Ending ending)
{
}
