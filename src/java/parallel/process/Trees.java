package parallel.process;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** Removes directories of our own. A link is removed, never followed; what somebody else removed meanwhile is fine. */
public final class Trees
{
    private Trees()
    {
    }

    /**
     * Removes it; throws nothing.
     *
     * @param tree a directory of ours, or a file.
     * @return true when nothing is left.
     */
    public static boolean remove(Path tree)
    {
        try
        {
            Files.walkFileTree(tree, new Remover());
        }
        catch (IOException | RuntimeException left)
        {
            // Told by the return value.
        }
        return Files.notExists(tree, LinkOption.NOFOLLOW_LINKS);
    }

    private static final class Remover extends SimpleFileVisitor<Path>
    {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException
        {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException
        {
            return ignoreIfGone(e);
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException
        {
            if (e != null)
            {
                return ignoreIfGone(e);
            }
            Files.deleteIfExists(directory);
            return FileVisitResult.CONTINUE;
        }

        private static FileVisitResult ignoreIfGone(IOException e) throws IOException
        {
            if (e instanceof NoSuchFileException)
            {
                return FileVisitResult.CONTINUE;
            }
            throw e;
        }
    }
}
