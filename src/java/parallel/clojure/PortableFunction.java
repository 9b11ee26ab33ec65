package parallel.clojure;

import clojure.lang.Delay;
import clojure.lang.IFn;
import clojure.lang.IObj;
import clojure.lang.IPersistentMap;
import clojure.lang.ISeq;
import clojure.lang.RT;
import clojure.lang.RestFn;

/**
 * A function that can be sent: it is called as any other, and knows the form and the values it was made of. Compiled
 * when it is first called; a process that only passes it to another never compiles it. Safe from any thread if what it
 * was made of is.
 */
public final class PortableFunction extends RestFn
{
    private static final long serialVersionUID = 1L;

    private final transient Delay compiled;
    private final transient Object source;
    private final transient IPersistentMap meta;

    /**
     * @param compiled the function that does the work.
     * @param source   what it is made of.
     */
    public PortableFunction(Delay compiled, Object source)
    {
        this(compiled, source, null);
    }

    private PortableFunction(Delay compiled, Object source, IPersistentMap meta)
    {
        this.compiled = compiled;
        this.source = source;
        this.meta = meta;
    }

    /** @return what it is made of, as given. */
    public Object source()
    {
        return source;
    }

    private IFn function()
    {
        return (IFn)compiled.deref();
    }

    @Override
    public int getRequiredArity()
    {
        return 0;
    }

    @Override
    protected Object doInvoke(Object args)
    {
        return function().applyTo(RT.seq(args));
    }

    @Override
    public Object applyTo(ISeq args)
    {
        return function().applyTo(args);
    }

    @Override
    public Object invoke()
    {
        return function().invoke();
    }

    @Override
    public Object invoke(Object a)
    {
        return function().invoke(a);
    }

    @Override
    public Object invoke(Object a, Object b)
    {
        return function().invoke(a, b);
    }

    @Override
    public Object invoke(Object a, Object b, Object c)
    {
        return function().invoke(a, b, c);
    }

    @Override
    public IPersistentMap meta()
    {
        return meta;
    }

    @Override
    public IObj withMeta(IPersistentMap newMeta)
    {
        return new PortableFunction(compiled, source, newMeta);
    }
}
