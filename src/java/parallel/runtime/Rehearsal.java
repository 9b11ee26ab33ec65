package parallel.runtime;

import java.io.IOException;
import java.nio.file.Path;

import parallel.codec.Messages;
import parallel.process.ThisProcess;
import parallel.transport.LocalBell;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;

/**
 * What a spare does while nobody wants it: a worker's usual work, with a parent that is itself, so that the classes are loaded and
 * have run before somebody waits for them. What the code is doing nobody sees; its namespace is gone afterwards.
 */
final class Rehearsal
{
    private static final int RING_BYTES = 8192;
    private static final long INBOX_BYTES = 1 << 20;
    /** The first loads the classes; those after it run the code until little of it is interpreted. */
    private static final int ROUNDS = 10;
    private static final Lines NOWHERE = (stream, id, line) -> { };

    private Rehearsal()
    {
    }

    /**
     * Evaluates the language's typical job some times, on the calling thread, which is then again in the context it was in.
     *
     * @param language whose evaluation it is.
     * @param own      context of the thread.
     * @throws IOException if there is no room for its rings.
     */
    static void play(Language language, Context own) throws IOException
    {
        final PairFile pair = Session.current().newPair(RING_BYTES);
        final LocalBell[] bells = LocalBell.pair();
        final MessageChannel parent = end(pair, Side.PARENT, bells[0]);
        final MessageChannel worker = end(PairFile.attach(Path.of(pair.handOn())), Side.CHILD, bells[1]);
        pair.attached();
        Context.enter(new Context(own.id(), own.depth(), new ParentPeer(0, ThisProcess.pid(), worker), new Context.Output(NOWHERE, NOWHERE)));
        try
        {
            play(language, new ParentPeer(0, ThisProcess.pid(), parent));
        }
        finally
        {
            Context.enter(own);
            worker.retire();
            parent.retire();
        }
    }

    private static MessageChannel end(PairFile pair, Side side, LocalBell bell)
    {
        final MessageChannel channel = new MessageChannel(pair, side, bell, INBOX_BYTES, Messages.inbox(INBOX_BYTES));
        bell.attach(channel);
        return channel;
    }

    private static void play(Language language, ChannelPeer toWorker)
    {
        for (int i = 0; i < ROUNDS; i++)
        {
            try
            {
                toWorker.send(language.reference(0));
                final Evaluation evaluation = Evaluation.of(Job.FORM, language.typicalJob(), text -> { });
                if (evaluation.failed())
                {
                    throw new IllegalStateException(evaluation.failure());
                }
                toWorker.receive();
            }
            catch (final InterruptedException e)
            {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
