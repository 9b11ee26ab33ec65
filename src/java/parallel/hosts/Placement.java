package parallel.hosts;

import java.util.ArrayList;
import java.util.List;

import parallel.Host;
import parallel.HostStatus;
import parallel.HostStatus.State;
import parallel.codec.Destination;
import parallel.control.Errors;
import parallel.place.Places;

/**
 * On which of several hosts workers are started: in rounds over those that have free cores, one worker each, a host of
 * half the speed in every second round; where none has, in rounds over all.
 *
 * @param hosts one for each worker, in order.
 * @param over  how many of the workers found no free core.
 */
public record Placement(List<Host> hosts, int over)
{
    /** Of workers that are started one by one. */
    static final Places.Choice CHOICE = new Places.Choice()
    {
        @Override
        public Object next(List<?> several)
        {
            return Placement.next(hosts(several));
        }

        @Override
        public Destination destination(List<?> several)
        {
            return Placement.destination(hosts(several));
        }

        private List<Host> hosts(List<?> several)
        {
            return several.stream().map(Host.class::cast).toList();
        }
    };

    /** A host, and what was given to it. */
    private static final class Seat
    {
        private final Host host;
        private final double speed;
        private int free;
        private int given;

        Seat(Host host, HostStatus status)
        {
            this.host = host;
            this.speed = status.speed() > 0 ? status.speed() : 1;
            this.free = status.freeCores();
        }

        /** When its next turn is. */
        double turn()
        {
            return (given + 1) / speed;
        }

        Host take()
        {
            given++;
            free--;
            return host;
        }
    }

    /**
     * Places workers that are started together.
     *
     * @param hosts   those that may have them; lost and removed ones are left out.
     * @param workers how many.
     * @return their hosts.
     * @throws parallel.ParallelException with BAD_ARGUMENT if none of the hosts is up.
     */
    public static Placement of(List<? extends Host> hosts, int workers)
    {
        return place(seats(hosts), workers);
    }

    /**
     * Places one more worker: they count as given.
     *
     * @param hosts those that may have it; lost and removed ones are left out.
     * @return its host.
     * @throws parallel.ParallelException with BAD_ARGUMENT if none of the hosts is up.
     */
    public static Host next(List<? extends Host> hosts)
    {
        List<Seat> seats = seats(hosts);
        seats.forEach(seat -> seat.given = seat.host.status().workers());
        return place(seats, 1).hosts().get(0);
    }

    /**
     * Where goes what workers are given that are shared out over hosts, one of which may be this machine: a task may be
     * given to any of them.
     *
     * @param hosts those that may have them, in whatever state.
     * @return elsewhere, unless all of them are this machine.
     */
    public static Destination destination(List<? extends Host> hosts)
    {
        return hosts.stream().allMatch(LocalHost.class::isInstance) ? Destination.HERE : Destination.ELSEWHERE;
    }

    private static List<Seat> seats(List<? extends Host> hosts)
    {
        List<Seat> seats = new ArrayList<>();
        for (Host host : hosts)
        {
            HostStatus status = host.status();
            if (status.state() == State.UP || status.state() == State.SILENT)
            {
                seats.add(new Seat(host, status));
            }
        }
        if (seats.isEmpty())
        {
            throw Errors.badArgument("None of the hosts " + hosts.stream().map(Host::name).toList() +
                " is up, so that no worker can be started there. Add one again.");
        }
        return seats;
    }

    private static Placement place(List<Seat> seats, int workers)
    {
        List<Host> placed = new ArrayList<>();
        int over = 0;
        while (placed.size() < workers)
        {
            boolean isFree = seats.stream().anyMatch(seat -> seat.free > 0);
            if (!isFree && over == 0)
            {
                seats.forEach(seat -> seat.given = 0);      // from here on each has its turn, whatever it had
            }
            Seat next = null;
            for (Seat seat : seats)
            {
                if ((!isFree || seat.free > 0) && (next == null || seat.turn() < next.turn()))
                {
                    next = seat;
                }
            }
            placed.add(next.take());
            over += isFree ? 0 : 1;
        }
        return new Placement(placed, over);
    }
}
