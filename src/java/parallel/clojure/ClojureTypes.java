package parallel.clojure;

import clojure.lang.APersistentVector;
import clojure.lang.BigInt;
import clojure.lang.Fn;
import clojure.lang.IDeref;
import clojure.lang.IObj;
import clojure.lang.IPersistentList;
import clojure.lang.IPersistentMap;
import clojure.lang.IPersistentSet;
import clojure.lang.IPersistentVector;
import clojure.lang.IRecord;
import clojure.lang.ISeq;
import clojure.lang.Keyword;
import clojure.lang.MapEntry;
import clojure.lang.MultiFn;
import clojure.lang.Namespace;
import clojure.lang.PersistentArrayMap;
import clojure.lang.PersistentHashMap;
import clojure.lang.PersistentHashSet;
import clojure.lang.PersistentList;
import clojure.lang.PersistentQueue;
import clojure.lang.PersistentVector;
import clojure.lang.Ratio;
import clojure.lang.ReaderConditional;
import clojure.lang.Sequential;
import clojure.lang.Sorted;
import clojure.lang.Symbol;
import clojure.lang.TaggedLiteral;
import clojure.lang.Var;
import parallel.codec.CodecModule;
import parallel.codec.Decoder;
import parallel.codec.Refusal;
import parallel.codec.TypeWriter;

/**
 * The codec of Clojure values. Loading it does not start Clojure: a plain Java program that has Clojure on its class
 * path pays nothing for it.
 */
public final class ClojureTypes implements CodecModule
{
    private static final TypeWriter FUNCTION = new Refusal(
        "functions carry no meaning in another process; send a quoted form, a symbol that names it, a pfn, or the " +
        "data it needs.");
    private static final TypeWriter REFERENCE = new Refusal(
        "references are not shared between processes; send what it holds (deref it first).");

    private static final TypeWriter FOREIGN =
        new Refusal("a map or set of this class cannot be made again in another process; send " +
        "(into {} m), (into #{} s) or a vector of it, or register a parallel.codec.Extension for its class in both " +
        "processes.");

    /** Made by the codec, by name. */
    public ClojureTypes()
    {
    }

    @Override
    public TypeWriter writer(Class<?> type)
    {
        TypeWriter writer = exact(type);
        if (writer == null)
        {
            writer = collection(type);
        }
        return writer == null ? other(type) : writer;
    }

    private static TypeWriter exact(Class<?> type)
    {
        if (type == Keyword.class)
        {
            return ClojureTypesNames.KEYWORDS;
        }
        if (type == Symbol.class)
        {
            return ClojureTypesNames.SYMBOLS;
        }
        if (type == PersistentVector.class)
        {
            return ClojureTypesVectors.PLAIN;
        }
        if (type == PersistentArrayMap.class)
        {
            return ClojureTypesMaps.ARRAY;
        }
        if (type == PersistentHashMap.class)
        {
            return ClojureTypesMaps.HASH;
        }
        if (type == PersistentHashSet.class)
        {
            return ClojureTypesSets.HASH;
        }
        return type == MapEntry.class ? ClojureTypesVectors.ENTRY : null;
    }

    private static TypeWriter collection(Class<?> type)
    {
        if (IRecord.class.isAssignableFrom(type))
        {
            return ClojureTypesRecords.WRITER;
        }
        if (IPersistentVector.class.isAssignableFrom(type))
        {
            return APersistentVector.class.isAssignableFrom(type) ? ClojureTypesVectors.INDEXED :
                ClojureTypesVectors.OTHER;
        }
        if (isForeign(type) &&
            (IPersistentMap.class.isAssignableFrom(type) || IPersistentSet.class.isAssignableFrom(type)))
        {
            return FOREIGN;
        }
        if (IPersistentMap.class.isAssignableFrom(type))
        {
            return Sorted.class.isAssignableFrom(type) ? ClojureTypesSorted.MAP : ClojureTypesMaps.OTHER;
        }
        if (IPersistentSet.class.isAssignableFrom(type))
        {
            return Sorted.class.isAssignableFrom(type) ? ClojureTypesSorted.SET : ClojureTypesSets.OTHER;
        }
        if (type == PersistentList.class || type.getEnclosingClass() == PersistentList.class &&
            IPersistentList.class.isAssignableFrom(type))
        {
            return ClojureTypesSequences.LIST;
        }
        if (type == PersistentQueue.class)
        {
            return ClojureTypesSequences.QUEUE;
        }
        return ISeq.class.isAssignableFrom(type) ||
            Sequential.class.isAssignableFrom(type) ? ClojureTypesSequences.SEQ : null;
    }

    /** Of a class that Clojure does not make: its order, or what else it is for, would be lost. */
    private static boolean isForeign(Class<?> type)
    {
        return !type.getName().startsWith("clojure.");
    }

    private static TypeWriter other(Class<?> type)
    {
        if (type == Ratio.class || type == BigInt.class)
        {
            return ClojureTypesOthers.NUMBER;
        }
        if (type == TaggedLiteral.class || type == ReaderConditional.class)
        {
            return ClojureTypesOthers.READER;
        }
        if (Var.class.isAssignableFrom(type) || type == Namespace.class)
        {
            return ClojureTypesOthers.NAMED;
        }
        if (Throwable.class.isAssignableFrom(type))
        {
            return ClojureTypesOthers.THROWABLE;
        }
        if (Fn.class.isAssignableFrom(type) || type == MultiFn.class)
        {
            return FUNCTION;
        }
        return type.getName().startsWith("clojure.") && IDeref.class.isAssignableFrom(type) ? REFERENCE : null;
    }

    /** Metadata is read here, in the same frame as its value: deep nesting must not take twice the stack. */
    @Override
    public Object read(Decoder in, int tag)
    {
        if (tag != ClojureTypesTags.META)
        {
            return readPlain(in, tag);
        }
        IPersistentMap meta = ClojureTypesMeta.read(in);
        int next = in.u8();
        if (next == ClojureTypesTags.META)
        {
            throw in.malformed("metadata of metadata");
        }
        Object value = readPlain(in, next);
        return meta == null ? value : ((IObj)value).withMeta(meta);
    }

    private static Object readPlain(Decoder in, int tag)
    {
        switch (tag)
        {
            case ClojureTypesTags.KEYWORD:
                return ClojureTypesNames.KEYWORDS.read(in);
            case ClojureTypesTags.VECTOR:
                return ClojureTypesVectors.read(in);
            case ClojureTypesTags.ARRAY_MAP:
                return ClojureTypesMaps.readArrayMap(in);
            case ClojureTypesTags.HASH_MAP:
                return ClojureTypesMaps.readHashMap(in);
            case ClojureTypesTags.LIST:
                return ClojureTypesSequences.readList(in);
            case ClojureTypesTags.SEQ:
                return ClojureTypesSequences.readSeq(in);
            case ClojureTypesTags.SYMBOL:
                return ClojureTypesNames.SYMBOLS.read(in);
            case ClojureTypesTags.HASH_SET:
                return ClojureTypesSets.read(in);
            case ClojureTypesTags.RECORD:
                return ClojureTypesRecords.read(in);
            case ClojureTypesTags.SORTED_MAP:
                return ClojureTypesSorted.readMap(in);
            case ClojureTypesTags.SORTED_SET:
                return ClojureTypesSorted.readSet(in);
            case ClojureTypesTags.MAP_ENTRY:
                return ClojureTypesVectors.readEntry(in);
            case ClojureTypesTags.QUEUE:
                return ClojureTypesSequences.readQueue(in);
            default:
                return ClojureTypesOthers.read(in, tag);
        }
    }

    @Override
    public Class<?> find(String name)
    {
        return ClojureTypesLoading.find(name);
    }

    @Override
    public Runnable bound(Runnable task)
    {
        Object frame = Var.cloneThreadBindingFrame();
        return () ->
        {
            Var.resetThreadBindingFrame(frame);
            task.run();
        };
    }
}
