package parallel.codec;

import java.util.List;

/** Java types for the codec's tests. */
public final class Shapes
{
    private Shapes()
    {
    }

    /** A record of mixed components. */
    public record Point(int x, long y, String label, Object more)
    {
    }

    /** A record of none. */
    record Empty()
    {
    }

    /** A record with an array of variable length at its end. */
    record Path(String name, double... steps)
    {
    }

    /** A record that is particular. */
    public record Positive(int n)
    {
        public Positive
        {
            if (n <= 0)
            {
                throw new IllegalArgumentException("not positive: " + n);
            }
        }
    }

    /** An enum, one of whose constants has a class of its own. */
    public enum Color
    {
        RED, GREEN
        {
            @Override
            boolean isWarm()
            {
                return false;
            }
        };

        boolean isWarm()
        {
            return true;
        }
    }

    /** What the codec knows nothing about. */
    public static final class Opaque
    {
        public final int n;

        public Opaque(int n)
        {
            this.n = n;
        }
    }

    /** Stands for something in this process. */
    public record Handle(int id) implements Replaced
    {
        @Override
        public Object replacement()
        {
            return List.of("handle", id);
        }
    }

    /** Instances of a record without public parts. */
    public static Object[] hidden()
    {
        return new Object[]{new Empty(), new Path("p", 1, 2, 3), new Path("q")};
    }

    /** Counts how often the initialiser of {@link Initialised} ran. */
    public static int initialisations;

    /** Is neither a record nor an enum: a message must not initialise it. */
    public static final class Initialised
    {
        static
        {
            initialisations++;
        }
    }
}
