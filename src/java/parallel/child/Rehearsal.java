package parallel.child;

import java.io.IOException;
import java.nio.file.Path;

import parallel.codec.Messages;
import parallel.control.Language;
import parallel.control.Work;
import parallel.process.Output;
import parallel.process.ThisProcess;
import parallel.runtime.ChannelPeer;
import parallel.runtime.Context;
import parallel.runtime.ParentPeer;
import parallel.runtime.Session;
import parallel.transport.LocalBell;
import parallel.transport.MessageChannel;
import parallel.transport.PairFile;
import parallel.transport.Side;

/**
 * What a spare does while nobody wants it: a worker's usual work, with a parent that is itself, so that the classes are
 * loaded and have run before somebody waits for them. What the code is doing nobody sees; its namespace is gone
 * afterwards.
 */
final class Rehearsal
{
    private static final int RING_BYTES = 8192;
    private static final long INBOX_BYTES = 1 << 20;
    /** The first loads the classes; those after it run the code until little of it is interpreted. */
    private static final int ROUNDS = 10;
    private static final Output.Sink NOWHERE = (stream, id, line) -> { };

    private Rehearsal()
    {
    }

    /**
     * Evaluates the language's typical work some times, on the calling thread, which is then again in the context it
     * was in.
     *
     * @param language whose evaluation it is.
     * @param own      context of the thread.
     * @throws IOException if there is no room for its rings.
     */
    static void play(Language language, Context own) throws IOException
    {
        PairFile pair = Session.current().newPair(RING_BYTES);
        LocalBell[] bells = LocalBell.pair();
        MessageChannel parent = end(pair, Side.PARENT, bells[0]);
        MessageChannel worker = end(PairFile.attach(Path.of(pair.handOn())), Side.CHILD, bells[1]);
        pair.attached();
        Context.enter(
            new Context(own.id(), own.depth(), new ParentPeer(Context.NO_WORKER, ThisProcess.pid(), worker),
            new Context.Output(NOWHERE, NOWHERE)));
        try
        {
            play(language, new ParentPeer(Context.NO_WORKER, ThisProcess.pid(), parent));
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
        MessageChannel channel = new MessageChannel(pair, side, bell, INBOX_BYTES, Messages.inbox());
        bell.attach(channel);
        return channel;
    }

    private static void play(Language language, ChannelPeer toWorker)
    {
        for (int i = 0; i < ROUNDS; i++)
        {
            try
            {
                toWorker.send(language.reference(Context.NO_WORKER));
                Evaluation evaluation = Evaluation.of(Work.FORM, language.typicalWork(), text -> { });
                if (evaluation.failed())
                {
                    throw new IllegalStateException(evaluation.failure());
                }
                toWorker.receive();
            }
            catch (InterruptedException e)
            {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
