package parallel.runtime;

import java.nio.file.Path;
import java.util.List;

import parallel.transport.Aside;
import parallel.transport.MessageChannel;

/** Takes long messages to another machine, each once for all of its workers there. Safe from any thread. */
public interface Carrier
{
    /**
     * Begins to take a message there; returns at once.
     *
     * @param message a file with its bytes, which stay as they are until it is there, or has failed.
     * @param members the channels of those workers there that are to receive it, each once.
     * @return null: it cannot be taken there now, and goes through their rings.
     */
    Carried carry(Path message, List<MessageChannel> members);

    /** A message that is taken there. */
    interface Carried
    {
        Aside.State state();

        long number();

        /**
         * Some do not receive it, as its number was not put into their rings.
         *
         * @param workers their ids.
         */
        void withdraw(List<Integer> workers);
    }
}
