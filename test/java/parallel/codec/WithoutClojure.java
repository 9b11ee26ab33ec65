package parallel.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;

/** A program that has no Clojure on its class path. Prints "fine" if all went well. */
public final class WithoutClojure
{
    private WithoutClojure()
    {
    }

    public static void main(String[] args) throws Exception
    {
        check(!Modules.isPresent(), "no Clojure");
        for (Object value : values())
        {
            Object read = Codec.fromBytes(Codec.toBytes(value));
            check(read.equals(value) && read.getClass() == value.getClass(), value + " != " + read);
        }
        check(Arrays.equals((double[])Codec.fromBytes(Codec.toBytes(new double[300])), new double[300]), "array");
        check(Codec.fromBytes(Codec.toBytes(List.of(1, 2))) instanceof ArrayList, "list");
        check(((Map<?, ?>)Codec.fromBytes(Codec.toBytes(new IllegalStateException("m")))).get("message").equals("m"),
            "throwable");
        check(Bodies.lambda(1, new double[]{2, 3}, List.of("a")) instanceof Bodies.Body, "body");
        Object body = Codec.bodyFromBytes(Codec.bodyToBytes(Bodies.nested(6)), null);
        check(((Bodies.Body)body).call().equals(42), "lambda");
        checkRefused(args[0]);
        checkExtension();
        System.out.println("fine");
    }

    private static List<Object> values()
    {
        Map<Object, Object> map = new LinkedHashMap<>();
        map.put("a", new ArrayList<>(Arrays.asList(1, 2L, null)));
        map.put(new Shapes.Point(1, 2, "p", Shapes.Color.GREEN), new TreeMap<>(Map.of(1, 2)));
        return List.of(1, 2L, (short)3, (byte)4, 'c', 1.5, 2.5f, true, "text", new BigInteger("9".repeat(50)),
            new BigDecimal("1.50"),
            UUID.randomUUID(), new Date(0), Instant.ofEpochSecond(1, 2), Duration.ofMillis(5), URI.create("a:b"), map,
            new LinkedHashSet<>(Set.of(1, 2)), Shapes.Color.RED);
    }

    private static void checkRefused(String clojureBytes)
    {
        try
        {
            Codec.fromBytes(HexFormat.of().parseHex(clojureBytes));
            check(false, "read a Clojure value");
        }
        catch (UnserializableException e)
        {
            check(e.getMessage().contains("Clojure is not on the class path"), e.getMessage());
        }
    }

    private static void checkExtension()
    {
        Object read = Codec.fromBytes(Codec.toBytes(List.of(new Shapes.Opaque(7))));
        check(((Shapes.Opaque)((List<?>)read).get(0)).n == 7, "extension of a service");
    }

    private static void check(boolean condition, String what)
    {
        if (!condition)
        {
            throw new AssertionError(what);
        }
    }

    /** Found by ServiceLoader where a test puts it on the class path. */
    public static final class OpaqueExtension implements Extension<Shapes.Opaque>
    {
        @Override
        public String name()
        {
            return "test/opaque";
        }

        @Override
        public Class<Shapes.Opaque> type()
        {
            return Shapes.Opaque.class;
        }

        @Override
        public Object write(Shapes.Opaque value)
        {
            return value.n;
        }

        @Override
        public Shapes.Opaque read(Object written)
        {
            return new Shapes.Opaque((Integer)written);
        }
    }
}
