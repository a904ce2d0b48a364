package dev.lockstep.data;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.yaml.Section;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DataBoundsTest {
  private static DataBounds bounds(String yaml) {
    return DataBounds.read(Section.parse("data.yaml", yaml));
  }

  @Test
  void countsAreBounded() {
    DataBounds bounds = bounds("{minExamples: 10, maxExamples: 20}");

    assertThat(bounds.violations(new long[] {5, 5}, Optional.empty())).isEmpty();
    assertThat(bounds.violations(new long[] {5, 4}, Optional.empty()))
        .containsExactly("there are 9 examples but there must be at least 10");
    assertThat(bounds.violations(new long[] {15, 6}, Optional.empty()))
        .containsExactly("there are 21 examples but there may be at most 20");
  }

  @Test
  void thereAreAboutAsManyAsBefore() {
    DataBounds bounds = bounds("countChange: 0.5");
    Optional<long[]> before = Optional.of(new long[] {60, 40});

    assertThat(bounds.violations(new long[] {30, 20}, before)).isEmpty();
    assertThat(bounds.violations(new long[] {90, 60}, before)).isEmpty();
    assertThat(bounds.violations(new long[] {29, 20}, before))
        .containsExactly(
            "there are 49 examples and there were 100 when the champion was trained, which differs by more than 0.5 of those");
    assertThat(bounds.violations(new long[] {91, 60}, before)).hasSize(1);
    assertThat(bounds.violations(new long[] {1, 1}, Optional.empty())).isEmpty();
  }

  @Test
  void aClassKeepsItsPartOfTheWhole() {
    DataBounds bounds = bounds("classShift: 0.1");
    Optional<long[]> before = Optional.of(new long[] {500, 500});

    assertThat(bounds.violations(new long[] {59, 41}, before)).isEmpty();
    assertThat(bounds.violations(new long[] {61, 39}, before)).hasSize(2);
    assertThat(bounds.violations(new long[] {40, 40, 20}, before))
        .containsExactly(
            "class 2 has 0.2000 of the examples and had 0.0000 when the champion was trained, which differs by more than 0.1");
    assertThat(bounds.violations(new long[] {1, 99}, Optional.empty())).isEmpty();
  }
}
