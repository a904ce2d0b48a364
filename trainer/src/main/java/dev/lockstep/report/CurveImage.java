package dev.lockstep.report;

import dev.lockstep.metrics.EpochRecord;
import dev.lockstep.metrics.Metrics;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** One quantity per epoch as a picture to paste: training as dots, validation as lines. */
public enum CurveImage {
  ACCURACY("accuracy", EpochRecord::trainingAccuracy, Metrics::accuracy),
  LOSS("loss", EpochRecord::trainingLoss, Metrics::loss);

  private static final int WIDTH = 1200;
  private static final int HEIGHT = 750;
  private static final Color INK = new Color(0x33, 0x33, 0x30);
  private static final Color GRID = new Color(0xE4, 0xE2, 0xDC);

  /** As in the page. */
  private static final Color[] COLOURS = {
    new Color(0x1F5FA8), new Color(0xB3541E), new Color(0x2E7D5B), new Color(0x8A4F9E),
    new Color(0xA67C00), new Color(0x3A8FB7), new Color(0xC2476B), new Color(0x6B6B6B)
  };

  private final String word;
  private final ToDoubleFunction<EpochRecord> training;
  private final ToDoubleFunction<Metrics> validation;

  CurveImage(
      String word, ToDoubleFunction<EpochRecord> training, ToDoubleFunction<Metrics> validation) {
    this.word = word;
    this.training = training;
    this.validation = validation;
  }

  /** The file's name in a run directory. */
  public String fileName() {
    return word + ".png";
  }

  /** The curves of all runs, each in its colour, 1200 x 750 pixels, as a PNG file. */
  public byte[] png(Report report) {
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title("%s: %s".formatted(report.title(), word))
            .xAxisTitle("epoch")
            .build();
    style(chart.getStyler());
    int colour = 0;
    for (ReportedRun run : report.runs()) {
      for (Curves curves : run.curves()) {
        String name =
            report.runs().size() > 1
                ? run.name() + ", " + curves.name() + ", "
                : curves.name() + ", ";
        add(chart, run.curves().size() + report.runs().size() > 2 ? name : "", curves, colour++);
      }
    }
    return Picture.png(BitmapEncoder.getBufferedImage(chart));
  }

  private static void style(XYStyler style) {
    style.setChartBackgroundColor(Color.WHITE);
    style.setPlotBorderVisible(false);
    style.setPlotGridLinesColor(GRID);
    style.setPlotGridVerticalLinesVisible(false);
    style.setChartFontColor(INK);
    style.setAxisTickLabelsColor(INK);
    style.setAxisTickMarksColor(GRID);
    style.setLegendBorderColor(Color.WHITE);
    style.setLegendPosition(LegendPosition.OutsideS);
    style.setChartTitleFont(new Font(Font.SERIF, Font.PLAIN, 28));
    style.setLegendFont(new Font(Font.SANS_SERIF, Font.PLAIN, 20));
    style.setAxisTickLabelsFont(new Font(Font.SANS_SERIF, Font.PLAIN, 18));
    style.setAxisTitleFont(new Font(Font.SANS_SERIF, Font.PLAIN, 20));
    style.setXAxisDecimalPattern("0");
    style.setYAxisDecimalPattern("0.####");
    style.setMarkerSize(11);
    style.setChartPadding(24);
  }

  private void add(XYChart chart, String name, Curves curves, int number) {
    Color colour = COLOURS[number % COLOURS.length];
    List<EpochRecord> epochs = curves.history().epochs();
    List<EpochRecord> finite =
        epochs.stream().filter(epoch -> Double.isFinite(training.applyAsDouble(epoch))).toList();
    if (!finite.isEmpty()) {
      XYSeries dots =
          chart.addSeries(
              name + "training",
              finite.stream().mapToDouble(EpochRecord::epoch).toArray(),
              finite.stream().mapToDouble(training).toArray());
      dots.setLineStyle(SeriesLines.NONE);
      dots.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(colour);
    }
    List<EpochRecord> validated =
        epochs.stream()
            .filter(epoch -> epoch.validation() != null)
            .filter(epoch -> Double.isFinite(validation.applyAsDouble(epoch.validation())))
            .toList();
    if (!validated.isEmpty()) {
      XYSeries line =
          chart.addSeries(
              name + "validation",
              validated.stream().mapToDouble(EpochRecord::epoch).toArray(),
              validated.stream()
                  .mapToDouble(epoch -> validation.applyAsDouble(epoch.validation()))
                  .toArray());
      line.setLineColor(colour).setLineStyle(new BasicStroke(3));
      line.setMarker(validated.size() == 1 ? SeriesMarkers.DIAMOND : SeriesMarkers.NONE);
      line.setMarkerColor(colour);
    }
  }
}
