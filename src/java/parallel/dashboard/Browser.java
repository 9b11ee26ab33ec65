package parallel.dashboard;

import java.awt.Desktop;
import java.awt.GraphicsEnvironment;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;

/** Opens a page in the user's browser, where there is one. */
final class Browser
{
    private Browser()
    {
    }

    /** Where there is none, nothing is done. */
    static void open(String url)
    {
        if (!byCommand(url))
        {
            byDesktop(url);
        }
    }

    /** AWT would start threads, and needs a display; a command does without. */
    private static boolean byCommand(String url)
    {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        if (system.contains("win"))
        {
            return false;
        }
        try
        {
            new ProcessBuilder(List.of(system.contains("mac") ? "open" : "xdg-open", url))
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
            return true;
        }
        catch (IOException e)
        {
            return false;
        }
    }

    private static void byDesktop(String url)
    {
        try
        {
            if (!GraphicsEnvironment.isHeadless() && Desktop.isDesktopSupported())
            {
                Desktop.getDesktop().browse(URI.create(url));
            }
        }
        catch (IOException | RuntimeException | Error e)     // AWT's own among them
        {
            // There is none: the address is there to be opened by hand.
        }
    }
}
