package parallel.shared;

import parallel.codec.Extensions;
import parallel.codec.LocalExtension;
import parallel.codec.UnserializableException;

/** How what is shared is sent. Known in a process from the first shared value that is made there or arrives there. */
final class SharedExtension implements LocalExtension<SentByReference>
{
    static
    {
        Extensions.register(new SharedExtension());
    }

    private SharedExtension()
    {
    }

    // Loads the class.
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
    public Class<SentByReference> type()
    {
        return SentByReference.class;
    }

    @Override
    public Object write(SentByReference value)
    {
        return value.reference();
    }

    @Override
    public String notElsewhere(SentByReference value)
    {
        String instead = value.insteadElsewhere();
        return instead == null ? null :
            value + " lies in the memory of this machine, and the receiver is on another. " + instead;
    }

    // The same, of one that has come from another machine all the same.
    static UnserializableException notFromElsewhere(Class<?> type, String what, String instead)
    {
        return UnserializableException.refused(type, what +
            " lies in the memory of the machine of its sender, and the receiver is on another. " + instead);
    }

    @Override
    public SentByReference read(Object written)
    {
        return References.arrived(written);
    }
}
