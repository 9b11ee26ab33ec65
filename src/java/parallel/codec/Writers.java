package parallel.codec;

import java.io.File;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Date;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;

/** Finds the writer of a class: once per class, then it is a look-up by identity. */
final class Writers
{
    private static final Map<Class<?>, TypeWriter> EXACT = exact();

    private static volatile ClassValue<TypeWriter> byClass = new Chooser();

    private Writers()
    {
    }

    static TypeWriter of(Class<?> type)
    {
        return byClass.get(type);
    }

    /** After an extension was registered. */
    static void forget()
    {
        byClass = new Chooser();
    }

    private static final class Chooser extends ClassValue<TypeWriter>
    {
        @Override
        protected TypeWriter computeValue(Class<?> type)
        {
            return choose(type);
        }
    }

    private static TypeWriter choose(Class<?> type)
    {
        TypeWriter writer = EXACT.get(type);
        if (writer == null && type.isArray())
        {
            writer = new ObjectArrays(type.getComponentType());
        }
        if (writer == null && Replaced.class.isAssignableFrom(type))
        {
            writer = Wrapped.REPLACED;
        }
        if (writer == null && isOfUser(type))
        {
            writer = extension(type);
        }
        if (writer == null && isOfJava(type))
        {
            writer = ofJdk(type);
        }
        if (writer == null && Modules.isPresent())
        {
            writer = Modules.module().writer(type);
        }
        if (writer == null)
        {
            writer = ofJdk(type);
        }
        if (writer == null)
        {
            writer = extension(type);
        }
        return writer == null ? new Refusal.Unknown(type) : writer;
    }

    /** Classes of the platform and of the module's language keep their meaning; the user's own may be overridden. */
    private static boolean isOfUser(Class<?> type)
    {
        return !type.getName().startsWith("java.") && !type.getName().startsWith("clojure.");
    }

    /** Of these another language has no word, so that its module need not be loaded for them. */
    private static boolean isOfJava(Class<?> type)
    {
        return type.isRecord() || Enum.class.isAssignableFrom(type) ||
            type.getName().startsWith("java.") && !Throwable.class.isAssignableFrom(type);
    }

    private static TypeWriter extension(Class<?> type)
    {
        Extension<?> extension = Extensions.of(type);
        return extension == null ? null :
            extension instanceof LocalExtension<?> local ? new LocalWriter(local) : new Wrapped(extension);
    }

    private static TypeWriter ofJdk(Class<?> type)
    {
        if (type.isRecord())
        {
            return new RecordWriter(type);
        }
        if (Enum.class.isAssignableFrom(type))
        {
            return EnumWriter.ENUM;
        }
        if (Throwable.class.isAssignableFrom(type))
        {
            return Wrapped.THROWABLE;
        }
        if (Path.class.isAssignableFrom(type) && type.getModule() == FileSystems.getDefault().getClass().getModule())
        {
            return new Texts(Texts.PATH, Path.class);
        }
        return ZoneId.class.isAssignableFrom(type) ? new Texts(Texts.ZONE, ZoneId.class) : JdkCollections.of(type);
    }

    private static Map<Class<?>, TypeWriter> exact()
    {
        Map<Class<?>, TypeWriter> exact = new HashMap<>(128);
        scalar(exact, Tags.TRUE, Boolean.class);
        scalar(exact, Tags.LONG64, Long.class);
        scalar(exact, Tags.INT32, Integer.class);
        scalar(exact, Tags.SHORT, Short.class);
        scalar(exact, Tags.BYTE, Byte.class);
        scalar(exact, Tags.CHAR, Character.class);
        scalar(exact, Tags.FLOAT, Float.class);
        scalar(exact, Tags.DOUBLE, Double.class);
        scalar(exact, Tags.BIG_INTEGER, BigInteger.class);
        scalar(exact, Tags.BIG_DECIMAL, BigDecimal.class);
        scalar(exact, Tags.STRING8, String.class);
        scalar(exact, Tags.UUID, UUID.class);
        scalar(exact, Tags.DATE, Date.class);
        scalar(exact, Tags.INSTANT, Instant.class);
        scalar(exact, Tags.DURATION, Duration.class);
        scalar(exact, Tags.URI, URI.class);
        scalar(exact, Tags.PATTERN, Pattern.class);
        text(exact, Texts.LOCAL_DATE, LocalDate.class, LocalDate.class);
        text(exact, Texts.LOCAL_TIME, LocalTime.class, LocalTime.class);
        text(exact, Texts.LOCAL_DATE_TIME, LocalDateTime.class, LocalDateTime.class);
        text(exact, Texts.OFFSET_DATE_TIME, OffsetDateTime.class, OffsetDateTime.class);
        text(exact, Texts.ZONED_DATE_TIME, ZonedDateTime.class, ZonedDateTime.class);
        text(exact, Texts.PERIOD, Period.class, Period.class);
        text(exact, Texts.FILE, File.class, File.class);
        for (Primitive kind : Primitive.values())
        {
            exact.put(kind.arrayType, new PrimitiveArrays(kind));
        }
        return exact;
    }

    private static void scalar(Map<Class<?>, TypeWriter> exact, int tag, Class<?> type)
    {
        exact.put(type, new Scalars(tag));
    }

    private static void text(Map<Class<?>, TypeWriter> exact, int kind, Class<?> type, Class<?> arrivesAs)
    {
        exact.put(type, new Texts(kind, arrivesAs));
    }
}
