package parallel.relay;

import java.io.IOException;
import java.util.Collection;
import java.util.Map;

import parallel.process.Output;
import parallel.runtime.Place;

/** Makes places for workers whose parent is on another machine. */
public interface HostedPlaces
{
    /**
     * Makes the place of a worker; blocks until its code is here. Nothing is started.
     *
     * @param id    of the worker.
     * @param how   it is to be started, as codec bytes.
     * @param lines where its output goes.
     * @return its place, and what belongs to it.
     * @throws IOException          if there is no room for its files, or what it is started from cannot be had.
     * @throws InterruptedException if interrupted.
     */
    Hosted make(int id, byte[] how, Output.Sink lines) throws IOException, InterruptedException;

    /**
     * What the live workers below others do, those that these have started, and what all of them wait for.
     *
     * @param ids of those others.
     * @return codec bytes, of values by name; the same where nothing has changed.
     */
    byte[] below(Collection<Integer> ids);

    /**
     * From now on keeps JVMs that wait to become such workers. Returns at once.
     *
     * @param how  these are to be started, as codec bytes; null: none are kept any more, of no kind.
     * @param many how many of them.
     */
    void keepSpares(byte[] how, int many);

    /** A place, and what belongs to it. */
    interface Hosted
    {
        Place place();

        /** Until when it has to be connected, as of {@link System#nanoTime}. */
        long deadline();

        /** It has connected. */
        void started();

        /** How it has ended, as codec values by name. */
        Map<String, Object> ended();

        /** Gives back what it held in the session. */
        void release();
    }
}
