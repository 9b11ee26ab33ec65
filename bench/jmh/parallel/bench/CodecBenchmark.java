package parallel.bench;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import clojure.java.api.Clojure;
import clojure.lang.IFn;
import clojure.lang.RT;
import parallel.codec.Codec;

/**
 * A value written to bytes and read back, by this library's codec and by others that know Clojure's values.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CodecBenchmark
{
    private static final String SMALL = "{:op :eval :id 42 :xs [1 2 3]}";
    private static final String THOUSAND = "(mapv (fn [i] {:op :eval :id i :xs [1 2 3]}) (range 1000))";

    /** Whose codec. */
    @Param({"parallel", "nippy", "fressian", "edn"})
    public String library;

    /** Of what. */
    @Param({"small", "thousand"})
    public String value;

    private Object written;
    private UnaryOperator<Object> thereAndBack;

    /** Makes the value, and finds the codec. */
    @Setup
    public void setUp()
    {
        written = Clojure.var("clojure.core", "load-string").invoke("small".equals(value) ? SMALL : THOUSAND);
        thereAndBack = codec();
        if (!written.equals(thereAndBack.apply(written)))
        {
            throw new IllegalStateException("What was read is not what was written.");
        }
    }

    /**
     * Writes and reads.
     *
     * @return what was read.
     */
    @Benchmark
    public Object writeAndRead()
    {
        return thereAndBack.apply(written);
    }

    private UnaryOperator<Object> codec()
    {
        return switch (library)
        {
            case "parallel" -> CodecBenchmark::parallel;
            case "nippy" ->
                composed(function("taoensso.nippy", "fast-freeze"), function("taoensso.nippy", "fast-thaw"));
            case "fressian" ->
                fressian(function("clojure.data.fressian", "create-writer"),
                    function("clojure.data.fressian", "write-object"),
                function("clojure.data.fressian", "read"));
            case "edn" -> composed(function("clojure.core", "pr-str"), function("clojure.edn", "read-string"));
            default -> throw new IllegalArgumentException(library);
        };
    }

    private static Object parallel(Object x)
    {
        return Codec.fromBytes(Codec.toBytes(x));
    }

    private static UnaryOperator<Object> composed(IFn write, IFn read)
    {
        return x -> read.invoke(write.invoke(x));
    }

    private static UnaryOperator<Object> fressian(IFn writer, IFn write, IFn read)
    {
        return x ->
        {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            write.invoke(writer.invoke(out), x);
            return read.invoke(new ByteArrayInputStream(out.toByteArray()));
        };
    }

    private static IFn function(String namespace, String name)
    {
        RT.var("clojure.core", "require").invoke(Clojure.read(namespace));
        return Clojure.var(namespace, name);
    }
}
