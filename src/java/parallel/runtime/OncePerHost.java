package parallel.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import parallel.process.ThisProcess;
import parallel.transport.Aside;
import parallel.transport.MessageChannel;
import parallel.transport.Payload;
import parallel.transport.PayloadFile;

/**
 * The part of one group send that goes to hosts by their {@link Carrier}s: a long message for two workers of a host or
 * more. Its bytes wait in a file for as long as the call takes. For one thread.
 */
final class OncePerHost implements AutoCloseable
{
    /** As long as a ring is by default: what is shorter is in the rings at once, without a round trip to the host. */
    static final int MIN_BYTES = 1 << 20;
    /** A file takes half of what is free at most: the rings lie there, too. */
    private static final int PART_OF_FREE = 2;
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final List<Member> carried = new ArrayList<>();
    private final Aside[] asides;
    private Path file;

    /**
     * Sends off what goes to hosts.
     *
     * @param peers   of the group, each of which has a channel.
     * @param payload the message.
     */
    OncePerHost(List<? extends ChannelPeer> peers, Payload payload)
    {
        asides = new Aside[peers.size()];
        if (peers.size() > 1 && payload.length() >= MIN_BYTES)
        {
            sendOff(peers, payload);
        }
    }

    /** Of each peer the other way by which the message goes to it; null: none. */
    Aside[] asides()
    {
        return asides;
    }

    private void sendOff(List<? extends ChannelPeer> peers, Payload payload)
    {
        Map<Carrier, Set<MessageChannel>> groups = new LinkedHashMap<>();
        peers.stream().filter(peer -> !peer.channel().isRetired()).forEach(peer ->
            peer.carrier().ifPresent(carrier ->
                groups.computeIfAbsent(carrier, each -> new LinkedHashSet<>()).add(peer.channel())));
        groups.values().removeIf(members -> members.size() < 2);
        if (groups.isEmpty() || !isWritten(payload))
        {
            return;
        }
        groups.forEach((carrier, members) ->
        {
            Carrier.Carried message = carrier.carry(file, List.copyOf(members));
            if (message != null)
            {
                members.forEach(member -> add(peers, member, message));
            }
        });
    }

    /** Of one that is in the group twice the second copy goes through its ring. */
    private void add(List<? extends ChannelPeer> peers, MessageChannel channel, Carrier.Carried message)
    {
        int i = 0;
        while (peers.get(i).channel() != channel)
        {
            i++;
        }
        Member member = new Member(message, peers.get(i).id());
        asides[i] = member;
        carried.add(member);
    }

    private boolean isWritten(Payload payload)
    {
        try
        {
            Path directory = Session.current().directory().memory();
            if (Files.getFileStore(directory).getUsableSpace() / PART_OF_FREE < payload.length())
            {
                return false;
            }
            file = directory.resolve("bulk-" + ThisProcess.pid() + "-" + NEXT.incrementAndGet());
            PayloadFile.write(payload, file);
            return true;
        }
        catch (IOException e)
        {
            return false;       // it goes through the rings
        }
    }

    /** Those whose ring has not got the number will not: gives back what is kept for them. */
    @Override
    public void close()
    {
        for (Member member : carried)
        {
            if (!member.isPlaced)
            {
                member.message.withdraw(List.of(member.worker));
            }
        }
        if (file != null)
        {
            try
            {
                Files.deleteIfExists(file);
            }
            catch (IOException e)
            {
                // it goes with the session's directory
            }
        }
    }

    private static final class Member implements Aside
    {
        private final Carrier.Carried message;
        private final int worker;
        private boolean isPlaced;

        Member(Carrier.Carried message, int worker)
        {
            this.message = message;
            this.worker = worker;
        }

        @Override
        public State state()
        {
            return message.state();
        }

        @Override
        public long number()
        {
            return message.number();
        }

        @Override
        public void placed()
        {
            isPlaced = true;
        }
    }
}
