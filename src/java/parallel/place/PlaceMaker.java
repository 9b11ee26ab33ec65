package parallel.place;

import java.io.IOException;

import parallel.WorkerOptions;
import parallel.codec.Destination;
import parallel.process.Output;
import parallel.runtime.Place;
import parallel.runtime.StartSpec;
import parallel.runtime.Undo;

/** Makes places of one kind, as {@link Places} lists them. Safe from any thread. */
public interface PlaceMaker
{
    /**
     * Makes the place of a worker with its files; the worker is not started.
     *
     * @param spec   of the worker.
     * @param output of the worker.
     * @param undo   takes what undoes each step, so that a later step that fails leaves nothing.
     * @return the place; whoever asked for it finishes it.
     * @throws IOException if there is no room for the files.
     */
    Place make(StartSpec spec, Output output, Undo undo) throws IOException;

    /**
     * Where goes what its workers are given.
     *
     * @return the destination of each of them.
     */
    default Destination destination()
    {
        return Destination.HERE;
    }

    /**
     * Whether its workers take JVMs that this process has kept for them.
     *
     * @return false where none are kept.
     */
    default boolean takesSpares()
    {
        return false;
    }

    /**
     * Has JVMs kept for its workers by another process, if that is where they live. Returns at once.
     *
     * @param options of the workers; null: none are kept any more.
     * @param wanted  how many.
     */
    default void keepSparesThere(WorkerOptions options, int wanted)
    {
        // they live here
    }
}
