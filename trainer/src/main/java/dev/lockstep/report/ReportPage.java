package dev.lockstep.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;

/**
 * The report as one HTML file that needs no other: style, script, charts' library and data are in
 * it. Its content security policy allows the two scripts by their SHA-256 and no request at all, so
 * that nothing in the data can become code or reach a network. Texts are put into the page as text.
 */
public final class ReportPage {
  /** The file's name in a run directory. */
  public static final String NAME = "report.html";

  private static final Script CHARTS = Script.of("echarts.common.min.js");
  private static final Script DRAWING = Script.of("report.js");

  /** What the page's script draws: a report, and for each of its runs a sentence. */
  private record PageData(Report report, List<String> overfitting) {}

  /** A script of the page, and its SHA-256 as a content security policy names it. */
  private record Script(String text, String hash) {
    static Script of(String name) {
      String text = resource(name);
      return new Script(text, ReportPage.hash(text));
    }
  }

  private ReportPage() {}

  /** The page, the same for equal reports. */
  public static String html(Report report) {
    return """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src %s %s; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="generator" content="Lockstep">
        <link rel="icon" href="data:,">
        <title>%s</title>
        <style>
        %s</style>
        </head>
        <body>
        <main id="report"><noscript>This report draws its charts with a script, and scripts are off.</noscript></main>
        <script type="application/json" id="data">%s</script>
        <script>%s</script>
        <script>%s</script>
        </body>
        </html>
        """
        .formatted(
            CHARTS.hash,
            DRAWING.hash,
            escaped(report.title()),
            resource("report.css"),
            json(report),
            CHARTS.text,
            DRAWING.text);
  }

  /** A {@code <} in JSON stands in texts only, where its escape means the same. */
  private static String json(Report report) {
    List<String> overfitting =
        report.runs().stream()
            .map(run -> Overfitting.of(run.curves().stream().map(Curves::history).toList()))
            .map(Overfitting::sentence)
            .toList();
    return ReportFile.write(new PageData(report, overfitting)).replace("<", "\\u003c");
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }

  private static String hash(String script) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(script.getBytes(StandardCharsets.UTF_8));
      return "'sha256-%s'".formatted(Base64.getEncoder().encodeToString(digest));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static String resource(String name) {
    try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
