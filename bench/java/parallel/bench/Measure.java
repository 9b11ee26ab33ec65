package parallel.bench;

import java.io.BufferedReader;
import java.io.InputStreamReader;

/**
 * The measuring end as a program: reads rounds from stdin, a line each, and writes what was measured to stdout, a line
 * each.
 */
public final class Measure
{
    private Measure()
    {
    }

    /**
     * Runs until stdin ends.
     *
     * @param arguments the name of the wire.
     * @throws Exception if the other end is gone.
     */
    public static void main(String[] arguments) throws Exception
    {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        Wire wire = Wires.open(arguments[0]);
        try
        {
            System.out.println("{:ready true}");
            for (String line = in.readLine(); line != null; line = in.readLine())
            {
                System.out.println(Rounds.measure(wire, Round.parse(line)));
            }
        }
        finally
        {
            wire.close();
        }
    }
}
