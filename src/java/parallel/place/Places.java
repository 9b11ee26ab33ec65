package parallel.place;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import parallel.WorkerOptions;
import parallel.WorkerOptions.Option;
import parallel.codec.Destination;
import parallel.control.Errors;

/**
 * The table of places: who makes the place of a worker, by the value of its option {@code in}.
 *
 * <pre>
 *   value of in               maker
 *   Here.PROCESS              ProcessMaker, of ProcessPlaces
 *   Here.THREAD               of ThreadPlaces
 *   one of a class entered    what was entered with that class makes of the value
 *   a list of those           that of the one that is chosen when a worker is started
 * </pre>
 *
 * A room above enters its class when that is loaded, which is before there can be a value of it: this room need not
 * know it. Safe from any thread.
 */
public final class Places
{
    private static final Map<Class<?>, Function<Object, PlaceMaker>> MAKERS = new ConcurrentHashMap<>();

    static
    {
        enter(Here.class, here -> here.maker);
    }

    /** The places that need nothing but this process. */
    enum Here
    {
        PROCESS(ProcessMaker.OF_THIS_JVM), THREAD(ThreadPlace::make);

        private final PlaceMaker maker;

        Here(PlaceMaker maker)
        {
            this.maker = maker;
        }
    }

    /** Entered with the first class that there can be several values of. */
    private static volatile Choice choice;

    private Places()
    {
    }

    /**
     * Enters a kind of places. One of the same class is replaced.
     *
     * @param type  of the values of {@code in} that mean such a place, subclasses included.
     * @param maker gives the maker for one value; called once for each worker.
     * @param <I>   that class.
     */
    public static <I> void enter(Class<I> type, Function<I, PlaceMaker> maker)
    {
        MAKERS.put(type, in -> maker.apply(type.cast(in)));
    }

    /** Several values of {@code in} for one worker. Safe from any thread. */
    public interface Choice
    {
        /**
         * Chooses for a worker that is started now.
         *
         * @param several at least one.
         * @return one of them.
         * @throws parallel.ParallelException with BAD_ARGUMENT if no worker can be started in any.
         */
        Object next(List<?> several);

        /**
         * Where goes what a worker is given that may live in any of them.
         *
         * @param several at least one.
         * @return elsewhere, if one of them is.
         */
        Destination destination(List<?> several);
    }

    /**
     * Enters who chooses among several values of {@code in}.
     *
     * @param ours for all that are chosen from now on.
     */
    public static void enter(Choice ours)
    {
        choice = ours;
    }

    static Choice choice()
    {
        return choice;
    }

    /**
     * Where goes what a worker with such options is given.
     *
     * @param options checked ones.
     * @return the destination.
     * @throws parallel.ParallelException with BAD_ARGUMENT if no worker can be started there.
     */
    static Destination destination(WorkerOptions options)
    {
        return options.get(Option.IN, Object.class) instanceof List<?> several ? choice.destination(several) :
            of(options).destination();
    }

    /**
     * The maker of processes of this machine that are started from what this JVM has.
     *
     * @return the maker.
     */
    public static PlaceMaker ofThisJvm()
    {
        return Here.PROCESS.maker;
    }

    /**
     * A maker of processes that are started from what another JVM has.
     *
     * @param bases say what they are started from.
     * @return the maker.
     */
    public static PlaceMaker ofProcesses(Bases bases)
    {
        return new ProcessMaker(bases);
    }

    /**
     * The maker for workers with such options.
     *
     * @param options checked ones.
     * @return the maker.
     */
    public static PlaceMaker of(WorkerOptions options)
    {
        Object in = options.get(Option.IN, Object.class);
        return in.equals("process") ? Here.PROCESS.maker : in.equals("thread") ? Here.THREAD.maker : of(in);
    }

    /**
     * The maker for a value of {@code in}.
     *
     * @param in where a worker is to live.
     * @return the maker.
     * @throws parallel.ParallelException with BAD_ARGUMENT if no such place is known.
     */
    public static PlaceMaker of(Object in)
    {
        return MAKERS.entrySet().stream().filter(entry -> entry.getKey().isInstance(in)).findFirst()
            .orElseThrow(() -> Errors.badArgument("No worker can live in " + in + ": no such place is known here."))
            .getValue().apply(in);
    }
}
