package parallel.place;

import java.io.IOException;

import parallel.process.Output;
import parallel.runtime.Context;
import parallel.runtime.Place;
import parallel.runtime.StartSpec;
import parallel.runtime.Undo;

/** Makes the places of workers that are processes: of a spare that fits, else of a JVM that is yet to be started. */
final class ProcessMaker implements PlaceMaker
{
    /** Their JVMs are started from what this one has. */
    static final ProcessMaker OF_THIS_JVM = new ProcessMaker(Bases::ofThisJvm);

    private final Bases bases;

    /**
     * A maker.
     *
     * @param bases say what the JVMs are started from.
     */
    ProcessMaker(Bases bases)
    {
        this.bases = bases;
    }

    @Override
    public Place make(StartSpec spec, Output output, Undo undo) throws IOException
    {
        return new ProcessPlace(spec, output, spares(spec.context()), undo);
    }

    /**
     * The spares of a context.
     *
     * @param context that of the workers that they are to become.
     * @return always the same for one context.
     */
    Spares spares(Context context)
    {
        return (Spares)context.reserve(its -> new Spares(its, bases));
    }

    @Override
    public boolean takesSpares()
    {
        return true;
    }
}
