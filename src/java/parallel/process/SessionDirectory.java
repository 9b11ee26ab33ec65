package parallel.process;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The scratch directory of a session: one for mapped files, one for sockets, as a rule the same. Only this user can
 * enter them. Their names say whose they are, so that what a killed session left is removed by the next one.
 *
 * <p>Safe from any thread.
 */
public final class SessionDirectory implements AutoCloseable
{
    private static final int SESSIONS_OF_ONE_PROCESS = 10_000;
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    /** The two directories, and whether they end with this object. */
    private record Places(Path memory, Path sockets, boolean own)
    {
    }

    private final Places places;
    private final List<Path> memoryBases;
    private final Consumer<String> warn;
    private Path fallback;      // guarded by this
    private Path disk;          // guarded by this
    private Path otherSockets;  // guarded by this
    private boolean closed;     // guarded by this

    private SessionDirectory(Places places, List<Path> memoryBases, Consumer<String> warn)
    {
        this.places = places;
        this.memoryBases = memoryBases;
        this.warn = warn;
    }

    /**
     * Removes what dead sessions of this user left, then makes the directories: for files in /dev/shm, else in
     * java.io.tmpdir; for sockets in the first of /dev/shm, XDG_RUNTIME_DIR, /tmp and java.io.tmpdir whose path is
     * short enough for a socket.
     *
     * @param warn gets one line when /dev/shm cannot be used.
     * @return the directories.
     * @throws IOException that lists what was tried.
     */
    public static SessionDirectory create(Consumer<String> warn) throws IOException
    {
        return create(SessionBases.memory(), SessionBases.sockets(), warn);
    }

    /**
     * The same in directories of the caller's choice.
     *
     * @param memoryBases for files, the best first; one that is too small is passed over for a later one.
     * @param socketBases for sockets, the best first.
     * @param warn        gets one line when the first of the memory bases cannot be used.
     * @return the directories.
     * @throws IOException that lists what was tried.
     */
    public static SessionDirectory create(
        List<Path> memoryBases, List<Path> socketBases, Consumer<String> warn) throws IOException
    {
        sweep(memoryBases, socketBases);
        List<String> problems = new ArrayList<>();
        Path memory = makeForMemory(memoryBases, problems);
        if (!problems.isEmpty())
        {
            warn.accept(warning(problems, memory));
        }
        try
        {
            return new SessionDirectory(
                new Places(memory, makeForSockets(socketBases, memory, false), true), List.copyOf(memoryBases), warn);
        }
        catch (IOException e)
        {
            Trees.remove(memory);
            throw e;
        }
    }

    /**
     * The directories of the root, as one of its workers uses them: closing them here removes only what was made here
     * ({@link #fallbackMemory()}).
     *
     * @param memory  as {@link #memory()} of the root.
     * @param sockets as {@link #sockets()} of the root.
     * @param warn    gets one line when the memory is full.
     * @return the directories.
     */
    public static SessionDirectory join(Path memory, Path sockets, Consumer<String> warn)
    {
        return new SessionDirectory(new Places(memory, sockets, false), SessionBases.memory(), warn);
    }

    /**
     * Makes the directories again if somebody has removed them, as systemd does at the end of a login (RemoveIPC) and a
     * cleaner of
     * /dev/shm may. What is mapped or connected needs no directory.
     *
     * @throws IOException when one cannot be made, or something else lies there.
     */
    public synchronized void ensure() throws IOException
    {
        if (!closed)
        {
            makeAgain(memory());
            makeAgain(sockets());
            if (fallback != null)
            {
                makeAgain(fallback);
            }
            if (places.own() && !takesFiles(sockets()))
            {
                otherSockets = makeForSockets(SessionBases.sockets(), memory(), true);
            }
        }
    }

    /** Does the file system have a name left, of as many as a quota or its inodes allow? */
    private static boolean takesFiles(Path directory)
    {
        Path probe = directory.resolve("probe-" + ThisProcess.pid());
        try
        {
            Files.deleteIfExists(Files.createFile(probe, ownerOnlyFile()));
            return true;
        }
        catch (IOException full)
        {
            return false;
        }
    }

    private static FileAttribute<?>[] ownerOnlyFile()
    {
        return Platform.WINDOWS ? new FileAttribute<?>[0] :
            new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(
            PosixFilePermissions.fromString("rw-------")) };
    }

    private static void makeAgain(Path directory) throws IOException
    {
        if (isOurs(directory))
        {
            return;
        }
        try
        {
            Files.createDirectory(directory, ownerOnly());
        }
        catch (FileAlreadyExistsException taken)
        {
            if (!isOurs(directory))     // by another thread or process of the session, it is
            {
                throw new IOException("The session's directory " + directory +
                    " was removed, and something else lies there.");
            }
        }
        catch (IOException e)
        {
            throw new IOException("The session's directory " + directory + " was removed, and cannot be made again: " +
                e.getMessage() + ".", e);
        }
    }

    private static boolean isOurs(Path directory)
    {
        return Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS) && SessionName.belongsToThisUser(directory);
    }

    /** @return those that end with this process; none in a worker. */
    public List<Path> own()
    {
        return places.own() ? List.copyOf(new LinkedHashSet<>(List.of(memory(), sockets()))) : List.of();
    }

    /** @return where mapped files are made. */
    public Path memory()
    {
        return places.memory();
    }

    /** @return where sockets are made: a name like {@code 123456.s} in it is short enough for the system. */
    public synchronized Path sockets()
    {
        return otherSockets != null ? otherSockets : places.sockets();
    }

    /**
     * Where to make files for which {@link #memory()} has too little room. Made at the first call, which warns with one
     * line that has the sizes.
     *
     * @param neededBytes what the file takes, for the line.
     * @return the directory; {@link #memory()} itself when there is no other place.
     * @throws IOException when it cannot be made, or the session is closed.
     */
    public synchronized Path fallbackMemory(long neededBytes) throws IOException
    {
        if (fallback == null)
        {
            fallback = makeFallback(neededBytes);
        }
        return fallback;
    }

    private Path makeFallback(long neededBytes) throws IOException
    {
        if (closed)
        {
            throw new IOException("The session's directory " + memory() + " is closed.");
        }
        Path full = memory().getParent();
        Path base = memoryBases.get(memoryBases.size() - 1);
        if (base.equals(full))
        {
            return memory();
        }
        Path made = makeForMemory(List.of(base), new ArrayList<>());
        warn.accept(warning(List.of(full + " has no room for " + SessionBases.mebibytes(neededBytes) + " MiB (" +
            SessionBases.sizes(full) + ")"), made));
        return made;
    }

    /**
     * Where to make files that may become large and are not mapped: in java.io.tmpdir. A program that finds no room
     * in {@link #memory()} would take it from the rings. Made at the first call, and again after
     * {@link #removeDisk()}.
     *
     * @return the directory.
     * @throws IOException when it cannot be made, or the session is closed.
     */
    public synchronized Path disk() throws IOException
    {
        if (closed)
        {
            throw new IOException("The session's directory " + memory() + " is closed.");
        }
        if (disk == null || !isOurs(disk))
        {
            disk = makeForMemory(List.of(memoryBases.get(memoryBases.size() - 1)), new ArrayList<>());
        }
        return disk;
    }

    /** Removes what {@link #disk()} has made. Idempotent; throws nothing. */
    public synchronized void removeDisk()
    {
        if (disk != null)
        {
            Trees.remove(disk);
            disk = null;
        }
    }

    /** Removes the directories with all that is in them. Idempotent; throws nothing. */
    @Override
    public synchronized void close()
    {
        closed = true;
        removeDisk();
        if (fallback != null && !fallback.equals(memory()))
        {
            Trees.remove(fallback);
        }
        if (places.own())
        {
            Trees.remove(sockets());
            Trees.remove(places.sockets());
            Trees.remove(memory());
            sweep(memoryBases.get(memoryBases.size() - 1));     // what a worker had there that was killed
        }
    }

    /**
     * For a worker that has lost its parent and is about to end: removes the session's directories if the root that
     * made them is gone, and with it everybody who could need them. Throws nothing.
     *
     * @param memory  as {@link #memory()} of the root.
     * @param sockets as {@link #sockets()} of the root.
     */
    public static void removeIfOwnerGone(Path memory, Path sockets)
    {
        removeIfDead(sockets);
        removeIfDead(memory);
    }

    /**
     * Removes what a process of the session has left in its directories that was killed between making a file and
     * taking its name away: files {@code kind-PID-count}. Throws nothing.
     *
     * @param pid of a process that has ended.
     */
    public void removeOf(long pid)
    {
        for (Path directory : new LinkedHashSet<>(List.of(memory(), sockets())))
        {
            try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, "*-" + pid + "-*"))
            {
                left.forEach(Trees::remove);
            }
            catch (IOException | RuntimeException unreadable)
            {
                // Then nothing can be done about it.
            }
        }
    }

    /**
     * Removes the directories of dead sessions: of this user, of this pid namespace, whose process is gone or has
     * another start than the name says. Any number of processes may do this at once. Throws nothing.
     *
     * @param base a directory that holds session directories.
     */
    public static void sweep(Path base)
    {
        try (DirectoryStream<Path> candidates = Files.newDirectoryStream(base, "parallel-*"))
        {
            candidates.forEach(SessionDirectory::removeIfDead);
        }
        catch (IOException | RuntimeException unreadable)
        {
            // Then nothing of ours is in it, or nothing can be done about it.
        }
    }

    /** The same wherever sessions have directories. */
    public static void sweep()
    {
        sweep(SessionBases.memory(), SessionBases.sockets());
    }

    private static void sweep(List<Path> memoryBases, List<Path> socketBases)
    {
        Set<Path> all = new LinkedHashSet<>(memoryBases);
        all.addAll(socketBases);
        all.forEach(SessionDirectory::sweep);
    }

    private static void removeIfDead(Path directory)
    {
        Optional<SessionName> name = SessionName.parse(directory);
        if (name.isPresent() && name.get().isOfDeadOwner() && isOurs(directory))
        {
            Trees.remove(directory);
        }
    }

    private static Path makeForMemory(List<Path> bases, List<String> problems) throws IOException
    {
        Path small = null;
        List<String> unusable = new ArrayList<>();
        for (Path base : bases)
        {
            Optional<String> problem = SessionBases.problem(base);
            Optional<String> size = problem.isPresent() ? problem : SessionBases.problemOfSize(base);
            if (size.isPresent())
            {
                unusable.add(base + " " + size.get());
                small = small == null && problem.isEmpty() ? base : small;
                continue;
            }
            try
            {
                Path made = make(base);
                problems.addAll(unusable);
                return made;
            }
            catch (IOException e)
            {
                unusable.add(base + " " + refusal(e));
            }
        }
        if (small != null)
        {
            problems.addAll(unusable);
            return make(small);     // little room is more than none
        }
        throw new IOException("There is no directory for the files of this session: " + String.join(", ", unusable) +
            ". Set java.io.tmpdir to a directory that can be written.");
    }

    /** Of a place that looked usable: it has no inode left, or a quota. */
    private static String refusal(IOException e)
    {
        return "takes no directory (" + e.getMessage() + ")";
    }

    private static Path makeForSockets(List<Path> bases, Path memory, boolean elsewhere) throws IOException
    {
        List<String> unusable = new ArrayList<>();
        for (Path base : bases)
        {
            boolean same = base.equals(memory.getParent());
            if (same && elsewhere)
            {
                unusable.add(base + " takes no more files");
                continue;
            }
            Path directory = same ? memory : base.resolve(memory.getFileName());
            Optional<String> problem = SessionBases.problem(base).or(() -> SessionBases.problemOfLength(directory));
            if (problem.isPresent())
            {
                unusable.add(base + " " + problem.get());
                continue;
            }
            try
            {
                return directory.equals(memory) ? memory : make(base);
            }
            catch (IOException e)
            {
                unusable.add(base + " " + refusal(e));
            }
        }
        throw new IOException("There is no directory for the sockets of this session: " + String.join(", ", unusable) +
            ". Set XDG_RUNTIME_DIR to a short path of a directory that can be written.");
    }

    /** A name that exists, a stranger's included, is passed over: nothing that somebody else made is ever used. */
    private static Path make(Path base) throws IOException
    {
        for (int count = 1; count <= SESSIONS_OF_ONE_PROCESS; count++)
        {
            Path directory = base.resolve(SessionName.ofThisProcess(count).toString());
            try
            {
                return Files.createDirectory(directory, ownerOnly());
            }
            catch (FileAlreadyExistsException taken)
            {
                continue;
            }
        }
        throw new IOException("Too many directories of this process in " + base + ".");
    }

    private static FileAttribute<?>[] ownerOnly()
    {
        return Platform.WINDOWS ? new FileAttribute<?>[0] :
            new FileAttribute<?>[]{ PosixFilePermissions.asFileAttribute(OWNER_ONLY) };
    }

    private static String warning(List<String> problems, Path used)
    {
        return String.join(", ", problems) + ": files of this session are made in " + used.getParent() + " (" +
            SessionBases.sizes(used.getParent()) +
            "), which may be slower. In Docker, --shm-size=1g makes /dev/shm larger.";
    }
}
