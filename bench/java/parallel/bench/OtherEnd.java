package parallel.bench;

/**
 * The other end as a program, started by the measuring end.
 */
public final class OtherEnd
{
    private OtherEnd()
    {
    }

    /**
     * Runs until stdin ends.
     *
     * @param arguments the name of the wire and what it needs to find the measuring end.
     * @throws Exception if that is gone.
     */
    public static void main(String[] arguments) throws Exception
    {
        Wire wire = Wires.join(arguments[0], arguments[1]);
        try
        {
            Rounds.serve(wire);
        }
        finally
        {
            wire.close();
        }
    }
}
