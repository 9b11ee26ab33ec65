package parallel.shared;

import parallel.codec.Extension;
import parallel.codec.Extensions;

/** How what is shared travels. Known in a process from the first shared value that is made there or arrives there. */
final class SharedExtension implements Extension<Travelling>
{
    static
    {
        Extensions.register(new SharedExtension());
    }

    private SharedExtension()
    {
    }

    /* Loads the class. */
    static void know()
    {
        // the initialiser does it
    }

    @Override
    public String name()
    {
        return "parallel/shared";
    }

    @Override
    public Class<Travelling> type()
    {
        return Travelling.class;
    }

    @Override
    public Object write(Travelling value)
    {
        return value.reference();
    }

    @Override
    public Travelling read(Object written)
    {
        return References.arrived(written);
    }
}
