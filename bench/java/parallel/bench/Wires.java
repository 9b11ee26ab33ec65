package parallel.bench;

/**
 * The wires by name.
 */
final class Wires
{
    private Wires()
    {
    }

    static Wire open(String name) throws Exception
    {
        return switch (name)
        {
            case "parallel" -> ParallelWire.open(false);
            case "parallel-into" -> ParallelWire.open(true);
            case "parallel-host" -> ParallelWire.onHost();
            case "grpc", "grpc-tls" -> GrpcBytes.open(name);
            case "copy" -> new CopyWire();
            case "ring" -> RingWire.open();
            case "aeron" -> AeronWire.open();
            case "unix", "tcp" -> SocketWire.open(name);
            case "jeromq" -> JeroWire.open();
            default -> throw new IllegalArgumentException(name);
        };
    }

    static Wire join(String name, String address) throws Exception
    {
        return switch (name)
        {
            case "ring" -> RingWire.join(address);
            case "grpc", "grpc-tls" -> GrpcBytes.join(name, address);
            case "aeron" -> AeronWire.join(address);
            case "unix", "tcp" -> SocketWire.join(name, address);
            case "jeromq" -> JeroWire.join(address);
            default -> throw new IllegalArgumentException(name);
        };
    }
}
