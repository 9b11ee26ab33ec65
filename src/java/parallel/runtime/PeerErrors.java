package parallel.runtime;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

import parallel.ParallelException;
import parallel.WorkerStatus;
import parallel.codec.UnserializableException;
import parallel.control.Errors;
import parallel.control.Text;
import parallel.transport.ChannelCorruptException;
import parallel.transport.MessageChannel;

/** Makes the errors of the calls of a peer, with what is known of it. Each is a new one. */
final class PeerErrors
{
    private static final int SHOWN_CHARS = 200;

    private final ChannelPeer peer;

    PeerErrors(ChannelPeer peer)
    {
        this.peer = peer;
    }

    // The error of a call that ran out of time; with a worker's status and, if it is asked and answers, its threads.
    ParallelException timedOut(String doing, long timeoutMs, boolean ask) throws InterruptedException
    {
        Map<String, Object> data = peer.who();
        data.put("timeout-ms", timeoutMs);
        peer.tellMore(data, ask);
        return new ParallelException(ParallelException.Code.TIMEOUT, doing + " " + peer.name() + " timed out after " +
            timeoutMs + " ms" + state(data) + ".", data, null);
    }

    private static String state(Map<String, Object> data)
    {
        if (!(data.get("status") instanceof WorkerStatus status))
        {
            return "";
        }
        String doing = status.doing() == null ? "" : ", doing " + Text.shortened(status.doing(), SHOWN_CHARS);
        return "; it is " + status.state().name().toLowerCase(Locale.ROOT) + doing;
    }

    // The same as the JDK's exception for it, whose cause it is.
    TimeoutException timeout(String doing, long timeout, TimeUnit unit, boolean ask) throws InterruptedException
    {
        return timeout(timedOut(doing, unit.toMillis(timeout), ask));
    }

    // The JDK's exception for an error of the code TIMEOUT, which is its cause.
    static TimeoutException timeout(ParallelException why)
    {
        TimeoutException e = new TimeoutException(why.getMessage());
        e.initCause(why);
        return e;
    }

    // Why nothing can be sent. afterEnd: the send came after send-end. One that was under way then takes its turn
    // before the end: when the peer is gone, that is why it was not sent.
    ParallelException unsent(boolean afterEnd)
    {
        MessageChannel channel = peer.channel();
        boolean gone = channel != null && channel.isRetired();
        return peer.isSendEnded() && (afterEnd || !gone) ?
            Errors.closed(peer.who(), "The stream to " + peer.name() +
                " was ended by send-end: nothing more can be sent.") : peer.endError();
    }

    // A message that trySend can never send.
    ParallelException tooLarge(long length, long mostAtOnce)
    {
        return Errors.badArgument("A message of " + length + " bytes is larger than the ring to " + peer.name() +
            " can ever hold at once (" + mostAtOnce +
            " bytes): use send, which sends it in parts, or a larger ring-bytes.");
    }

    // The next message does not fit where it was to go.
    ParallelException refused(String expected, String fitting)
    {
        return Errors.badArgument("The next message from " + peer.name() + " is not " + expected +
            "; it stays the next message: take it with receive, or into " + fitting + " that fits.");
    }

    // A message that cannot be read: the codec's word on it, or what the JVM said where there is no memory for it.
    ParallelException unreadable(Throwable e)
    {
        return e instanceof UnserializableException unserializable ?
            Errors.unreadable(peer.who(), peer.name(), unserializable) :
            Errors.noMemory(peer.who(), "a message from " + peer.name(), e);
    }

    // The channel is corrupt: a peer that has failed has its own error.
    ParallelException corrupt(ChannelCorruptException e)
    {
        ParallelException failure = peer.failure();
        return failure != null ? failure : Errors.corrupt(peer.who(), e);
    }
}
