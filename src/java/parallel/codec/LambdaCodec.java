package parallel.codec;

import java.io.Serializable;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Method;

/**
 * Bodies of workers: code by name, captured values by the codec. Without java.io: a body names its class and its method,
 * and the class makes the lambda again ({@code $deserializeLambda$}, which javac writes for each serializable lambda).
 *
 * <pre>
 *   part:    LAMBDA 9 strings, kind-i32, n, n parts | OBJECT (see ObjectCodec) | a value
 * </pre>
 */
final class LambdaCodec
{
    private LambdaCodec()
    {
    }

    static Object decode(byte[] bytes, ClassLoader loader)
    {
        final Decoder in = new Decoder();
        in.open(bytes, bytes.length);
        return in.readAll(loader, true);
    }

    static void write(Encoder out, Object part)
    {
        final Class<?> type = part == null ? null : part.getClass();
        if (type == null || !(Writers.of(type) instanceof Refusal.Unknown))
        {
            out.value(part);
        }
        else if (!(part instanceof Serializable))
        {
            throw NotTransferableException.refused(type, "a lambda or an object that a worker is to run must be Serializable, " +
                "and so must objects of your own classes that it captures; other captured values must be transferable.");
        }
        else
        {
            out.enter(part);
            writeSerializable(out, part, type);
            out.leave();
        }
    }

    private static void writeSerializable(Encoder out, Object part, Class<?> type)
    {
        final SerializedLambda lambda = type.isSynthetic() || type.isHidden() ? lambda(part, type) : null;
        if (lambda == null)
        {
            ObjectCodec.write(out, part, type);
        }
        else
        {
            writeLambda(out, lambda);
        }
    }

    private static SerializedLambda lambda(Object part, Class<?> type)
    {
        try
        {
            final Method replace = type.getDeclaredMethod("writeReplace");
            replace.setAccessible(true);
            return replace.invoke(part) instanceof SerializedLambda lambda ? lambda : null;
        }
        catch (final NoSuchMethodException e)
        {
            return null;
        }
        catch (final ReflectiveOperationException | RuntimeException e)
        {
            throw NotTransferableException.refused(type, "its module does not let us look at what it captures (" + e + ").");
        }
    }

    private static void writeLambda(Encoder out, SerializedLambda lambda)
    {
        out.tag(Tags.LAMBDA);
        out.string(lambda.getCapturingClass());
        out.string(lambda.getFunctionalInterfaceClass());
        out.string(lambda.getFunctionalInterfaceMethodName());
        out.string(lambda.getFunctionalInterfaceMethodSignature());
        out.i32(lambda.getImplMethodKind());
        out.string(lambda.getImplClass());
        out.string(lambda.getImplMethodName());
        out.string(lambda.getImplMethodSignature());
        out.string(lambda.getInstantiatedMethodType());
        out.count(lambda.getCapturedArgCount());
        for (int i = 0; i < lambda.getCapturedArgCount(); i++)
        {
            try
            {
                write(out, lambda.getCapturedArg(i));
            }
            catch (final NotTransferableException e)
            {
                throw e.at("capture " + i);
            }
        }
    }

    static Object read(Decoder in)
    {
        switch (in.peek())
        {
            case Tags.LAMBDA:
                in.u8();
                return readLambda(in);
            case Tags.OBJECT:
                in.u8();
                return ObjectCodec.read(in);
            default:
                return in.value();
        }
    }

    private static Object readLambda(Decoder in)
    {
        final String capturingName = in.string();
        final Class<?> capturing = Classes.load(in.loader(), capturingName.replace('/', '.'));
        final String interfaceClass = in.string();
        final String interfaceMethod = in.string();
        final String interfaceSignature = in.string();
        final int kind = in.i32();
        final String implClass = in.string();
        final String implMethod = in.string();
        final String implSignature = in.string();
        final String instantiated = in.string();
        return make(capturing, new SerializedLambda(capturing, interfaceClass, interfaceMethod, interfaceSignature,
            kind, implClass, implMethod, implSignature, instantiated, captures(in)));
    }

    private static Object[] captures(Decoder in)
    {
        final Object[] captures = new Object[in.elements()];
        in.enter();
        for (int i = 0; i < captures.length; i++)
        {
            captures[i] = read(in);
        }
        in.leave();
        return captures;
    }

    private static Object make(Class<?> capturing, SerializedLambda lambda)
    {
        try
        {
            final Method maker = capturing.getDeclaredMethod("$deserializeLambda$", SerializedLambda.class);
            maker.setAccessible(true);
            return maker.invoke(null, lambda);
        }
        catch (final ReflectiveOperationException | RuntimeException e)
        {
            throw NotTransferableException.unreadable(capturing.getName(), "The lambda of " + capturing.getTypeName() +
                " cannot be made here; is the class the same on both sides?", e);
        }
    }
}
