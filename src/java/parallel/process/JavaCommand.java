package parallel.process;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Finds the java command, or says in one sentence why it cannot be run. */
final class JavaCommand
{
    private JavaCommand()
    {
    }

    /**
     * @param command     as the user gave it; null: that of the base.
     * @param base        what the worker is started from.
     * @param environment of the worker, for PATH.
     * @return an absolute path of an executable file.
     * @throws IllegalArgumentException with the sentence.
     */
    static String resolve(String command, Base base, Map<String, String> environment)
    {
        if (command == null)
        {
            return checked(base.javaCommand(), "the java command of this JVM");
        }
        if (command.isBlank())
        {
            throw new IllegalArgumentException("The java command is empty.");
        }
        return isBareName(command) ? inPath(command, environment.get("PATH")) :
            checked(Platform.absolute(command), "the java command");
    }

    private static boolean isBareName(String command)
    {
        return !command.contains("/") && !command.contains(File.separator);
    }

    static String inPath(String name, String path)
    {
        for (String directory : (path == null ? "" : path).split(File.pathSeparator))
        {
            Path candidate = Path.of(Platform.absolute(directory), name);
            if (Files.isRegularFile(candidate) && Files.isExecutable(candidate))
            {
                return candidate.toString();
            }
        }
        throw new IllegalArgumentException("There is no executable file " + name + " in PATH (" + path + ").");
    }

    private static String checked(String path, String what)
    {
        Path file = Path.of(path);
        if (!Files.exists(file))
        {
            throw new IllegalArgumentException("There is no file " + path + " (" + what + ").");
        }
        if (Files.isDirectory(file))
        {
            throw new IllegalArgumentException(path + " (" + what + ") is a directory, not an executable file.");
        }
        if (!Files.isExecutable(file))
        {
            throw new IllegalArgumentException(path + " (" + what + ") is not executable for this user.");
        }
        return path;
    }
}
