package parallel.transport;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * The lock of a direction, on which all use of a mapped file within a process rests.
 * <p>
 * Seen on x86: fails when the lock is taken by a look and a store instead of a compare-and-set.
 */
@JCStressTest
@Outcome(id = "2", expect = ACCEPTABLE, desc = "One after the other.")
@Outcome(expect = FORBIDDEN, desc = "Both were inside at once, or one did not see what the other wrote.")
@State
public class LockStress
{
    private final BackoffLock lock = new BackoffLock();
    private int entries;

    @Actor
    public void one()
    {
        lock.lock();
        entries++;
        lock.unlock();
    }

    @Actor
    public void two()
    {
        lock.lock();
        entries++;
        lock.unlock();
    }

    @Arbiter
    public void after(I_Result r)
    {
        r.r1 = entries;
    }
}
