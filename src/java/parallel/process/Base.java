package parallel.process;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a JVM is started from: its program, the java that runs it, and the flags that this needs. What this JVM has, or
 * what another has sent. Nothing else that starts a JVM asks this one.
 *
 * @param classPath  entries, in the order in which they are searched; made absolute here.
 * @param javaHome   the directory of the Java installation.
 * @param vmVersion  the version of its virtual machine, as the property {@code java.vm.version} has it.
 * @param flags      of the JVM, which it needs to load the same code; one word each.
 * @param startCode  what a start cache may hold; empty where there is to be none.
 */
public record Base(
    List<String> classPath, String javaHome, String vmVersion, List<String> flags, Optional<StartCode> startCode)
{
    /** Makes the entries of the class path absolute. */
    public Base
    {
        classPath = ClassPath.absolute(classPath);
        flags = List.copyOf(flags);
    }

    /**
     * The code that every worker loads, and the program that puts it into a start cache.
     *
     * @param places  the jar or the directory that each file of it was found in, by the file's name; what is beside or
     *                below the file is of the same library.
     * @param program a class with a main method, and its arguments.
     */
    public record StartCode(Map<String, Path> places, List<String> program)
    {
        /** Keeps copies. */
        public StartCode
        {
            places = Collections.unmodifiableMap(new LinkedHashMap<>(places));
            program = List.copyOf(program);
        }

        /**
         * Looks for the code on the class path that this JVM was started with.
         *
         * @param names   of files of the class path, one of each library whose code every worker loads.
         * @param program a class with a main method, and its arguments.
         * @return empty if one of the files is not in a jar or a directory there.
         */
        public static Optional<StartCode> find(List<String> names, List<String> program)
        {
            Map<String, Path> places = new LinkedHashMap<>();
            for (String name : names)
            {
                URL url = ClassLoader.getSystemResource(name);
                Optional<Path> place = url == null ? Optional.empty() : place(url.toString(), name);
                if (place.isEmpty())
                {
                    return Optional.empty();
                }
                places.put(name, place.get());
            }
            return Optional.of(new StartCode(places, program));
        }

        private static Optional<Path> place(String url, String name)
        {
            try
            {
                return Optional.of(Path.of(new URI(url.startsWith("jar:") ?
                    url.substring("jar:".length(), url.length() - name.length() - "!/".length()) :
                    url.substring(0, url.length() - name.length()))));
            }
            catch (URISyntaxException | RuntimeException e)
            {
                return Optional.empty();    // in a jar within a jar, say
            }
        }
    }

    /**
     * What this JVM has.
     *
     * @param classPath {@link ClassPath#current()}, or another.
     * @param startCode what a start cache may hold; empty where there is to be none.
     * @return the base, as of now.
     */
    public static Base ofThisJvm(List<String> classPath, Optional<StartCode> startCode)
    {
        return new Base(classPath, System.getProperty("java.home"), System.getProperty("java.vm.version"),
            ThisProcess.inheritedJvmFlags(), startCode);
    }

    /**
     * The command that starts it.
     *
     * @return the absolute path of {@code java}.
     */
    public String javaCommand()
    {
        return Path.of(javaHome, "bin", Platform.WINDOWS ? "java.exe" : "java").toString();
    }
}
