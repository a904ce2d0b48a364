package dev.lockstep.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CurveImageTest {
  @ParameterizedTest
  @EnumSource
  void theCurvesAreAPictureWithDotsAndALineInTheFirstColour(CurveImage image) throws IOException {
    Report report = new Report("mnist", List.of(Samples.training("mnist", Samples.digits())));
    byte[] png = image.png(report);
    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(png));

    assertThat(image.fileName()).endsWith(".png");
    assertThat(picture.getWidth()).isEqualTo(1200);
    assertThat(picture.getHeight()).isEqualTo(750);
    assertThat(pixels(picture, new Color(0x1F5FA8))).isGreaterThan(1000);
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
