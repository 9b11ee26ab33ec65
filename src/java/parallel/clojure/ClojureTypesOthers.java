package parallel.clojure;

import java.math.BigInteger;

import clojure.lang.BigInt;
import clojure.lang.IPersistentMap;
import clojure.lang.Keyword;
import clojure.lang.Namespace;
import clojure.lang.Ratio;
import clojure.lang.ReaderConditional;
import clojure.lang.Symbol;
import clojure.lang.TaggedLiteral;
import clojure.lang.Var;
import parallel.codec.Decoder;
import parallel.codec.Encoder;
import parallel.codec.TypeWriter;

/** Numbers, what the reader makes of unknown literals, and things that are sent as their name or as a map. */
final class ClojureTypesOthers
{
    static final TypeWriter NUMBER = new OfNumber();
    static final TypeWriter READER = new OfReader();
    static final TypeWriter NAMED = new OfNamed();
    static final TypeWriter THROWABLE = new OfThrowable();

    private ClojureTypesOthers()
    {
    }

    private static final class OfNumber extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            if (value instanceof Ratio)
            {
                out.tag(ClojureTypesTags.RATIO);
                out.counted(((Ratio)value).numerator.toByteArray());
                out.counted(((Ratio)value).denominator.toByteArray());
            }
            else
            {
                out.tag(ClojureTypesTags.BIG_INT);
                out.counted(((BigInt)value).toBigInteger().toByteArray());
            }
        }
    }

    private static final class OfReader extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            out.enter(value);
            if (value instanceof TaggedLiteral)
            {
                out.tag(ClojureTypesTags.TAGGED);
                out.value(((TaggedLiteral)value).tag);
                out.value(((TaggedLiteral)value).form);
            }
            else
            {
                ReaderConditional conditional = (ReaderConditional)value;
                out.tag(ClojureTypesTags.CONDITIONAL);
                out.value(conditional.form);
                out.value(conditional.valAt(Keyword.intern(null, "splicing?")));
            }
            out.leave();
        }
    }

    private static final class OfNamed extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            out.value(value instanceof Var ? symbol((Var)value) :
                Symbol.intern(null, ((Namespace)value).getName().getName()));
        }

        private static Symbol symbol(Var var)
        {
            return var.ns == null ? var.sym : Symbol.intern(var.ns.getName().getName(), var.sym.getName());
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return Symbol.class;
        }
    }

    private static final class OfThrowable extends TypeWriter
    {
        @Override
        public void write(Encoder out, Object value)
        {
            out.enter(value);
            out.value(ClojureTypesThrowables.map((Throwable)value));
            out.leave();
        }

        @Override
        public Class<?> arrivesAs(Class<?> type)
        {
            return IPersistentMap.class;
        }
    }

    static Object read(Decoder in, int tag)
    {
        switch (tag)
        {
            case ClojureTypesTags.KEYWORD_LONG:
                return ClojureTypesNames.KEYWORDS.readLong(in);
            case ClojureTypesTags.SYMBOL_LONG:
                return ClojureTypesNames.SYMBOLS.readLong(in);
            case ClojureTypesTags.RATIO:
                return ratio(in);
            case ClojureTypesTags.BIG_INT:
                return BigInt.fromBigInteger(in.bigInteger());
            case ClojureTypesTags.TAGGED:
                return tagged(in);
            case ClojureTypesTags.CONDITIONAL:
                return conditional(in);
            default:
                throw in.malformed("the unknown tag " + tag);
        }
    }

    private static Object ratio(Decoder in)
    {
        BigInteger numerator = in.bigInteger();
        BigInteger denominator = in.bigInteger();
        if (denominator.signum() <= 0)
        {
            throw in.malformed("a ratio");
        }
        return new Ratio(numerator, denominator);
    }

    private static Object tagged(Decoder in)
    {
        in.enter();
        Symbol tag = (Symbol)in.value();
        Object literal = TaggedLiteral.create(tag, in.value());
        in.leave();
        return literal;
    }

    private static Object conditional(Decoder in)
    {
        in.enter();
        Object form = in.value();
        Object conditional = ReaderConditional.create(form, (Boolean)in.value());
        in.leave();
        return conditional;
    }
}
