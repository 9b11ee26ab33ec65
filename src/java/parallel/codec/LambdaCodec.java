package parallel.codec;

import java.io.Serializable;
import java.lang.invoke.MethodHandleInfo;
import java.lang.invoke.MethodType;
import java.lang.invoke.SerializedLambda;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;

import parallel.transport.Agrona;

/**
 * Bodies of workers: code by name, captured values by the codec. Without java.io: a body names its class and its
 * method, and the class makes the lambda again ({@code $deserializeLambda$}, which javac writes for each serializable
 * lambda).
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
        Decoder in = new Decoder();
        in.open(bytes, bytes.length);
        return in.readAll(loader, true);
    }

    static void write(Encoder out, Object part)
    {
        Class<?> type = part == null ? null : part.getClass();
        if (type == null || !(Writers.of(type) instanceof Refusal.Unknown))
        {
            out.value(part);
        }
        else if (!(part instanceof Serializable))
        {
            throw UnserializableException.refused(
                type, "a lambda or an object that a worker is to run must be Serializable, " +
                "and so must objects of your own classes that it captures; other captured values must be " +
                "transferable.");
        }
        else
        {
            out.enter(part);
            writeSerializable(out, part, type);
            out.leave();
        }
    }

    /** Writes a part that a field or a captured variable of some type is to hold. */
    static void write(Encoder out, Object part, Class<?> holder, String what)
    {
        if (part != null)
        {
            Writers.of(part.getClass()).checkArrival(part.getClass(), holder, what);
        }
        write(out, part);
    }

    private static void writeSerializable(Encoder out, Object part, Class<?> type)
    {
        SerializedLambda lambda = type.isSynthetic() || type.isHidden() ? lambda(part, type) : null;
        if (lambda == null)
        {
            ObjectCodec.write(out, part, type);
        }
        else
        {
            writeLambda(out, lambda, type.getClassLoader());
        }
    }

    private static SerializedLambda lambda(Object part, Class<?> type)
    {
        try
        {
            Method replace = type.getDeclaredMethod("writeReplace");
            Agrona.accessible(replace);
            return replace.invoke(part) instanceof SerializedLambda lambda ? lambda : null;
        }
        catch (NoSuchMethodException e)
        {
            return null;
        }
        catch (ReflectiveOperationException | RuntimeException e)
        {
            throw UnserializableException.refused(type, "its module does not open to reflection what it captures (" +
                e + "); capture data, or open its package.");
        }
    }

    /** Class.method of a serializable lambda or method reference; the class of anything else. */
    static String describe(Object body)
    {
        Class<?> type = body.getClass();
        SerializedLambda lambda = body instanceof Serializable &&
            (type.isSynthetic() || type.isHidden()) ? lambda(body, type) : null;
        if (lambda == null)
        {
            return type.getName();
        }
        // javac names the body of a lambda lambda$<method that it stands in>$...
        String[] parts = lambda.getImplMethodName().split("\\$");
        String method = parts.length > 1 && parts[0].equals("lambda") ? parts[1] : lambda.getImplMethodName();
        return lambda.getImplClass().replace('/', '.') + '.' + method;
    }

    private static void writeLambda(Encoder out, SerializedLambda lambda, ClassLoader loader)
    {
        List<Class<?>> variables = variables(lambda, loader);
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
                write(out, lambda.getCapturedArg(i), variables.get(i), "a captured variable");
            }
            catch (UnserializableException e)
            {
                throw e.at("capture " + i);
            }
        }
    }

    /**
     * The types of what is captured: the first parameters of the method, after the object that it is called on, if it
     * has one.
     */
    private static List<Class<?>> variables(SerializedLambda lambda, ClassLoader loader)
    {
        List<Class<?>> variables = new ArrayList<>();
        int kind = lambda.getImplMethodKind();
        if (kind != MethodHandleInfo.REF_invokeStatic && kind != MethodHandleInfo.REF_newInvokeSpecial)
        {
            variables.add(receiver(lambda, loader));
        }
        variables.addAll(
            MethodType.fromMethodDescriptorString(lambda.getImplMethodSignature(), loader).wrap().parameterList());
        return variables;
    }

    private static Class<?> receiver(SerializedLambda lambda, ClassLoader loader)
    {
        try
        {
            return Class.forName(lambda.getImplClass().replace('/', '.'), false, loader);
        }
        catch (ClassNotFoundException e)
        {
            return Object.class;
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
        String capturingName = in.string();
        Class<?> capturing = Classes.load(in.loader(), capturingName.replace('/', '.'));
        String interfaceClass = in.string();
        String interfaceMethod = in.string();
        String interfaceSignature = in.string();
        int kind = in.i32();
        String implClass = in.string();
        String implMethod = in.string();
        String implSignature = in.string();
        String instantiated = in.string();
        return make(capturing, new SerializedLambda(capturing, interfaceClass, interfaceMethod, interfaceSignature,
            kind, implClass, implMethod, implSignature, instantiated, captures(in)));
    }

    private static Object[] captures(Decoder in)
    {
        Object[] captures = new Object[in.elements()];
        in.enter();
        int i = 0;
        try
        {
            for (; i < captures.length; i++)
            {
                captures[i] = read(in);
            }
        }
        catch (RuntimeException | LinkageError e)
        {
            throw in.failed(e, "capture " + i);
        }
        in.leave();
        return captures;
    }

    private static Object make(Class<?> capturing, SerializedLambda lambda)
    {
        try
        {
            Method maker = capturing.getDeclaredMethod("$deserializeLambda$", SerializedLambda.class);
            Agrona.accessible(maker);
            return maker.invoke(null, lambda);
        }
        catch (ReflectiveOperationException | RuntimeException e)
        {
            throw UnserializableException.unreadable(capturing.getName(), "The lambda of " + capturing.getTypeName() +
                " cannot be made here; is the class the same on both sides?", e);
        }
    }
}
