package parallel.codec;

import java.util.AbstractMap;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Hashtable;
import java.util.LinkedList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Properties;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.Stack;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.Vector;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.PriorityBlockingQueue;

/**
 * The JDK's collections that keep their class, besides those that have a tag of their own. What makes one again is its
 * order, the class of its enum constants or its capacity, and its elements. The constants' ordinals are part of the
 * wire format.
 */
enum CollectionKind
{
    LINKED_LIST(LinkedList.class, extra -> new LinkedList<>()),
    VECTOR(Vector.class, extra -> new Vector<>()),
    STACK(Stack.class, extra -> new Stack<>()),
    COPY_ON_WRITE(CopyOnWriteArrayList.class, extra -> new ArrayList<>()),
    ARRAY_DEQUE(ArrayDeque.class, extra -> new ArrayDeque<>()),
    CONCURRENT_QUEUE(ConcurrentLinkedQueue.class, extra -> new ConcurrentLinkedQueue<>()),
    CONCURRENT_DEQUE(ConcurrentLinkedDeque.class, extra -> new ConcurrentLinkedDeque<>()),
    CONCURRENT_SET(ConcurrentHashMap.KeySetView.class, extra -> ConcurrentHashMap.newKeySet()),
    BLOCKING_QUEUE(LinkedBlockingQueue.class, extra -> new LinkedBlockingQueue<>((Integer)extra)),
    BLOCKING_DEQUE(LinkedBlockingDeque.class, extra -> new LinkedBlockingDeque<>((Integer)extra)),
    PRIORITY_QUEUE(PriorityQueue.class, extra -> new PriorityQueue<>(order(extra))),
    PRIORITY_BLOCKING_QUEUE(PriorityBlockingQueue.class, extra -> new PriorityBlockingQueue<>(11, order(extra))),
    TREE_SET(TreeSet.class, extra -> new TreeSet<>(order(extra))),
    SKIP_LIST_SET(ConcurrentSkipListSet.class, extra -> new ConcurrentSkipListSet<>(order(extra))),
    ENUM_SET(EnumSet.class, CollectionKind::enumSet),
    TREE_MAP(TreeMap.class, extra -> new TreeMap<>(order(extra))),
    SKIP_LIST_MAP(ConcurrentSkipListMap.class, extra -> new ConcurrentSkipListMap<>(order(extra))),
    CONCURRENT_MAP(ConcurrentHashMap.class, extra -> new ConcurrentHashMap<>()),
    HASHTABLE(Hashtable.class, extra -> new Hashtable<>()),
    PROPERTIES(Properties.class, extra -> new Properties()),
    ENUM_MAP(EnumMap.class, CollectionKind::enumMap),
    /** Read as its key and its value. */
    SIMPLE_ENTRY(AbstractMap.SimpleEntry.class, extra -> new ArrayList<>());

    /** The comparators that have a name. */
    private static final List<Comparator<?>> ORDERS =
        Arrays.asList(null, Comparator.naturalOrder(), Collections.reverseOrder(), String.CASE_INSENSITIVE_ORDER);
    private static final CollectionKind[] KINDS = values();

    final Class<?> type;
    private final Maker maker;

    /** Makes an empty one. */
    private interface Maker
    {
        Object make(Object extra);
    }

    CollectionKind(Class<?> type, Maker maker)
    {
        this.type = type;
        this.maker = maker;
    }

    /** The kind of a class; null: it is none. */
    static CollectionKind of(Class<?> type)
    {
        if (EnumSet.class.isAssignableFrom(type))
        {
            return ENUM_SET;
        }
        for (CollectionKind kind : KINDS)
        {
            if (kind.type == type)
            {
                return kind;
            }
        }
        return null;
    }

    static CollectionKind at(Decoder in)
    {
        int ordinal = in.u8();
        if (ordinal >= KINDS.length)
        {
            throw in.malformed("the unknown collection " + ordinal);
        }
        return KINDS[ordinal];
    }

    /** Writes what it takes to make an empty one. */
    void writeExtra(Encoder out, Object value)
    {
        switch (this)
        {
            case PRIORITY_QUEUE -> writeOrder(out, value, ((PriorityQueue<?>)value).comparator());
            case PRIORITY_BLOCKING_QUEUE -> writeOrder(out, value, ((PriorityBlockingQueue<?>)value).comparator());
            case TREE_SET, SKIP_LIST_SET -> writeOrder(out, value, ((SortedSet<?>)value).comparator());
            case TREE_MAP, SKIP_LIST_MAP -> writeOrder(out, value, ((SortedMap<?, ?>)value).comparator());
            case BLOCKING_QUEUE -> out.i32(capacity((LinkedBlockingQueue<?>)value));
            case BLOCKING_DEQUE -> out.i32(capacity((LinkedBlockingDeque<?>)value));
            case ENUM_SET -> Classes.write(out, enumOf((EnumSet<?>)value));
            case ENUM_MAP -> Classes.write(out, enumOf((EnumMap<?, ?>)value));
            case PROPERTIES -> checkDefaults((Properties)value);
            default ->
            {
            }
        }
    }

    private Object readExtra(Decoder in)
    {
        switch (this)
        {
            case PRIORITY_QUEUE, PRIORITY_BLOCKING_QUEUE, TREE_SET, SKIP_LIST_SET, TREE_MAP, SKIP_LIST_MAP:
                int order = in.u8();
                if (order >= ORDERS.size())
                {
                    throw in.malformed("the unknown order " + order);
                }
                return ORDERS.get(order);
            case BLOCKING_QUEUE, BLOCKING_DEQUE:
                return in.i32();
            case ENUM_SET, ENUM_MAP:
                Class<?> constants = Classes.read(in);
                if (!constants.isEnum())
                {
                    throw in.malformed("the enum " + constants.getName());
                }
                return constants;
            default:
                return null;
        }
    }

    /** Reads the rest of a value, its elements or pairs included. */
    @SuppressWarnings("unchecked") // as the makers make them
    Object read(Decoder in)
    {
        Object empty = maker.make(readExtra(in));
        if (empty instanceof Map)
        {
            return JdkCollections.readInto(in, (Map<Object, Object>)empty);
        }
        Collection<Object> elements = (Collection<Object>)empty;
        JdkCollections.readInto(in, elements);
        if (this == SIMPLE_ENTRY)
        {
            List<Object> keyAndValue = (List<Object>)elements;
            return new AbstractMap.SimpleEntry<>(keyAndValue.get(0), keyAndValue.get(1));
        }
        return this == COPY_ON_WRITE ? new CopyOnWriteArrayList<>(elements) : elements;
    }

    /** Whether the order of a sorted collection is that of its elements, as without a comparator. */
    static boolean isNatural(Comparator<?> order)
    {
        return order == null || order == Comparator.naturalOrder();
    }

    private static void writeOrder(Encoder out, Object value, Comparator<?> order)
    {
        int number = ORDERS.indexOf(order);
        if (number < 0)
        {
            throw UnserializableException.refused(value.getClass(),
                "its comparator is a function; keep natural or reverse order, " +
                "or send a list and sort it where it arrives.");
        }
        out.i8(number);
    }

    private static int capacity(LinkedBlockingQueue<?> queue)
    {
        return (int)Math.min(Integer.MAX_VALUE, (long)queue.remainingCapacity() + queue.size());
    }

    private static int capacity(LinkedBlockingDeque<?> queue)
    {
        return (int)Math.min(Integer.MAX_VALUE, (long)queue.remainingCapacity() + queue.size());
    }

    private static Class<?> enumOf(EnumSet<?> set)
    {
        EnumSet<?> some = set.isEmpty() ? EnumSet.complementOf(set) : set;
        if (some.isEmpty())
        {
            throw UnserializableException.refused(set.getClass(), "its enum has no constants.");
        }
        return some.iterator().next().getDeclaringClass();
    }

    private static Class<?> enumOf(EnumMap<?, ?> map)
    {
        if (map.isEmpty())
        {
            throw UnserializableException.refused(EnumMap.class,
                "an empty one does not tell the class of its keys; send another map, and copy it where it arrives.");
        }
        return map.keySet().iterator().next().getDeclaringClass();
    }

    private static void checkDefaults(Properties properties)
    {
        if (!properties.keySet().containsAll(properties.stringPropertyNames()))
        {
            throw UnserializableException.refused(Properties.class,
                "it has defaults; copy them into one that has none.");
        }
    }

    @SuppressWarnings("unchecked") // elements are compared as they are read
    private static Comparator<Object> order(Object extra)
    {
        return (Comparator<Object>)extra;
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // was checked to be an enum
    private static Object enumSet(Object type)
    {
        return EnumSet.noneOf((Class)type);
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // was checked to be an enum
    private static Object enumMap(Object type)
    {
        return new EnumMap((Class)type);
    }
}
