package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CurveImageTest {
  private static final Color BLUE = new Color(0x1F5FA8);
  private static final Color ORANGE = new Color(0xB3541E);

  @ParameterizedTest
  @EnumSource
  void theCurvesAreAPictureWithDotsAndALineInTheFirstColour(CurveImage image) throws IOException {
    Report report = new Report("mnist", List.of(Samples.training("mnist", Samples.digits())));
    byte[] png = image.png(report);
    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));

    assertThat(image.fileName()).endsWith(".png");
    assertThat(picture.getWidth()).isEqualTo(1200);
    assertThat(picture.getHeight()).isEqualTo(750);
    assertThat(pixels(picture, BLUE)).isGreaterThan(1000);
  }

  @ParameterizedTest
  @EnumSource
  void manyFoldsAreTheirMeanAndABandAndLeaveThePlotItsRoom(CurveImage image) throws IOException {
    BufferedImage picture = picture(image, Samples.crossValidation("folds", 15));
    Rectangle plotted = bounds(picture, BLUE);

    assertThat(plotted.width).isGreaterThan(900);
    assertThat(plotted.height).isGreaterThan(300);
    assertThat(pixels(picture, ORANGE)).as("one colour, one run").isZero();
    assertThat(band(picture)).as("pixels of the band").isGreaterThan(10_000);
  }

  @ParameterizedTest
  @EnumSource
  void theMeanEndsWithTheLastEpochThatAllFoldsHave(CurveImage image) throws IOException {
    BufferedImage unequal =
        picture(image, Samples.crossValidation("folds", new int[] {4, Samples.EPOCHS}));
    BufferedImage equal = picture(image, Samples.crossValidation("folds", new int[] {4, 4}));

    assertThat(pixels(unequal, BLUE)).isEqualTo(pixels(equal, BLUE));
  }

  @ParameterizedTest
  @EnumSource
  void ofVeryManyRunsTheFirstAreShownAndLeaveThePlotItsRoom(CurveImage image) throws IOException {
    ReportedRun[] runs =
        IntStream.range(0, 20)
            .mapToObj(i -> Samples.training("a run with a name of some length " + i, List.of()))
            .toArray(ReportedRun[]::new);
    BufferedImage picture = picture(image, runs);

    assertThat(band(picture)).isZero();
    assertThat(bounds(picture, new Color(0x6B6B6B)).height).as("the eighth").isGreaterThan(200);
  }

  private static BufferedImage picture(CurveImage image, ReportedRun... runs) throws IOException {
    byte[] png = image.png(new Report("title", List.of(runs)));
    return ImageIO.read(new ByteArrayInputStream(png));
  }

  /** What encloses all pixels of a colour. */
  private static Rectangle bounds(BufferedImage picture, Color colour) {
    Rectangle bounds = new Rectangle(-1, -1);
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) {
        if (picture.getRGB(x, y) == colour.getRGB()) {
          bounds.add(new Rectangle(x, y, 1, 1));
        }
      }
    }
    return bounds;
  }

  /** Pixels of the first colour, of which so little covers the white that curves stand out. */
  private static long band(BufferedImage picture) {
    long count = 0;
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) {
        Color colour = new Color(picture.getRGB(x, y));
        boolean light =
            Math.abs(colour.getRed() - 215) <= 2
                && Math.abs(colour.getGreen() - 226) <= 2
                && Math.abs(colour.getBlue() - 239) <= 2;
        count += light ? 1 : 0;
      }
    }
    return count;
  }

  private static long pixels(BufferedImage picture, Color colour) {
    long count = 0;
    for (int y = 0; y < picture.getHeight(); y++) {
      for (int x = 0; x < picture.getWidth(); x++) {
        count += picture.getRGB(x, y) == colour.getRGB() ? 1 : 0;
      }
    }
    return count;
  }
}
