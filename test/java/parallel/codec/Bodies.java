package parallel.codec;

import java.io.Serializable;
import java.util.BitSet;
import java.util.LinkedList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.IntUnaryOperator;

/** What workers could be told to run. */
public final class Bodies
{
    private Bodies()
    {
    }

    /** A body of a worker. */
    public interface Body extends Callable<Object>, Serializable
    {
    }

    /** A serializable function. */
    public interface Step extends IntUnaryOperator, Serializable
    {
    }

    /** Captures primitives, an array, a list and null. */
    public static Body lambda(int a, double[] b, List<String> c)
    {
        Object nothing = null;
        return () -> a + b[1] + c.size() + (nothing == null ? 0 : 1);
    }

    /** Captures collections by their classes. */
    public static Body collections(LinkedList<Object> list, TreeMap<Object, Object> map, BitSet bits, List<Object> view)
    {
        return () -> List.of(list.getLast(), map.lastKey(), bits.cardinality(), view.size());
    }

    /** Captures what arrives as something else. */
    public static Body exception(IllegalStateException e)
    {
        return e::getMessage;
    }

    /** As that, in a variable of a lambda. */
    public static Body cause(Exception e)
    {
        return () -> e.getMessage() + e.getCause();
    }

    /** Captures another lambda. */
    public static Body nested(int n)
    {
        Step step = i -> i * n;
        return () -> step.applyAsInt(7);
    }

    /** A reference to a method of a captured value. */
    public static Body reference(String s)
    {
        return s::length;
    }

    /** Captures what cannot travel. */
    public static Body capturing(Object opaque)
    {
        return () -> opaque;
    }

    /** A lambda that forgot to be serializable. */
    public static Callable<Object> plain()
    {
        return () -> 1;
    }

    /** An anonymous class. */
    public static Body anonymous(int n)
    {
        return new Body()
        {
            private static final long serialVersionUID = 1L;

            @Override
            public Object call()
            {
                return n + 1;
            }
        };
    }

    /** The superclass' field travels too. */
    public static class Base implements Body
    {
        private static final long serialVersionUID = 1L;
        private final String name;

        Base(String name)
        {
            this.name = name;
        }

        @Override
        public Object call()
        {
            return name;
        }
    }

    /** An object with final, transient and nested fields; its constructor would fail. */
    public static final class Counting extends Base
    {
        private static final long serialVersionUID = 1L;
        private final int[] numbers;
        private final Base inner;
        private final transient Thread thread;

        /** Fails without numbers. */
        public Counting(String name, int[] numbers)
        {
            super(name);
            this.numbers = numbers.clone();
            this.inner = new Base("inner");
            this.thread = Thread.currentThread();
        }

        @Override
        public Object call()
        {
            return super.call() + ":" + numbers.length + ":" + inner.call() + ":" + thread;
        }
    }

    /** Has a hook of Java's serialization. */
    public static final class Hooked implements Body
    {
        private static final long serialVersionUID = 1L;

        private Object readResolve()
        {
            return this;
        }

        @Override
        public Object call()
        {
            return readResolve();
        }
    }

    /** Holds itself. */
    public static final class Circular implements Body
    {
        private static final long serialVersionUID = 1L;
        @SuppressWarnings("serial")  // JDK 21 and newer warn
        private final Object self = this;

        @Override
        public Object call()
        {
            return self;
        }
    }
}
