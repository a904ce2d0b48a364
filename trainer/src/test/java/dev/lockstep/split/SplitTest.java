package dev.lockstep.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.lockstep.data.Examples;
import dev.lockstep.split.HoldOut.Select;
import dev.lockstep.yaml.ConfigurationException;
import dev.lockstep.yaml.Section;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class SplitTest {
  private static final Examples TEN =
      SplitPropertiesTest.labelled(List.of(0, 0, 0, 0, 0, 0, 1, 1, 1, 4));

  @Test
  void firstExamplesAreHeldOut() {
    Split split = new HoldOut(3, 0, Select.FIRST).split(TEN, 1);

    assertThat(split.validation()).containsExactly(0, 1, 2);
    assertThat(split.training()).containsExactly(3, 4, 5, 6, 7, 8, 9);
  }

  @Test
  void nothingIsHeldOutUnlessAskedFor() {
    Split split = HoldOut.NONE.split(TEN, 1);

    assertThat(split.validation()).isEmpty();
    assertThat(split.training()).hasSize(10);
  }

  @Test
  void fractionIsRoundedToWholeExamples() {
    assertThat(new HoldOut(0, 0.24, Select.FIRST).split(TEN, 1).validation()).hasSize(2);
    assertThat(new HoldOut(0, 0.25, Select.FIRST).split(TEN, 1).validation()).hasSize(3);
  }

  /** Exact shares of 5 of 10 are 3, 1.5 and 0.5: the tie goes to the lower class. */
  @Test
  void stratifiedSharesGoToTheLargestRemainders() {
    Split split = new HoldOut(5, 0, Select.STRATIFIED).split(TEN, 1);

    assertThat(Arrays.stream(split.validation()).map(TEN::label).sorted())
        .containsExactly(0, 0, 0, 1, 1);
  }

  @Test
  void seedsAndRepeatsDiffer() {
    Examples thousand = SplitPropertiesTest.labelled(Collections.nCopies(1000, 1));
    for (Select select : List.of(Select.SHUFFLED, Select.STRATIFIED)) {
      HoldOut half = new HoldOut(500, 0, select);

      assertThat(half.split(thousand, 1).validation())
          .isNotEqualTo(half.split(thousand, 2).validation());
    }
    List<Split> shuffled = KFold.shuffled(1000, 2, 2, 1);
    assertThat(shuffled.get(0).validation()).isNotEqualTo(shuffled.get(2).validation());
    List<Split> stratified = KFold.stratified(thousand, 2, 2, 1);
    assertThat(stratified.get(0).validation()).isNotEqualTo(stratified.get(2).validation());
  }

  @Test
  void holdOutIsReadFromYaml() {
    assertThat(read("{}")).isEqualTo(HoldOut.NONE);
    assertThat(read("examples: 10000")).isEqualTo(new HoldOut(10000, 0, Select.FIRST));
    assertThat(read("{fraction: 0.2, select: stratified}"))
        .isEqualTo(new HoldOut(0, 0.2, Select.STRATIFIED));
    assertThat(read("{examples: 0, fraction: 0.2, select: shuffled}"))
        .isEqualTo(new HoldOut(0, 0.2, Select.SHUFFLED));
  }

  @Test
  void mistakesInYamlAreNamed() {
    assertError(
        () -> read("{examples: 10, fraction: 0.2}"),
        "f: validation: 'examples' is 10 and 'fraction' is 0.2 but only one of them may be given; null takes one away");
    assertError(
        () -> read("examples: -1"),
        "f: validation.examples is '-1' but must be a whole number of at least 0");
    assertError(
        () -> read("fraction: 1"),
        "f: validation.fraction is '1' but must be a number from 0 to less than 1");
    assertError(
        () -> read("select: stratifed"),
        "f: validation.select is 'stratifed' but must be one of first, shuffled, stratified; did you mean"
            + " 'stratified'?");
    assertError(
        () -> read("exmples: 3"),
        "f: validation: unknown key 'exmples'; did you mean 'examples'?; known here: examples,"
            + " fraction, select");
  }

  @Test
  void somethingMustBeLeftToLearnFrom() {
    assertError(
        () -> new HoldOut(10, 0, Select.FIRST).split(TEN, 1),
        "validation: examples 10 holds out 10 of 10 training examples but must leave at least one");
    assertError(
        () -> new HoldOut(0, 0.96, Select.SHUFFLED).split(TEN, 1),
        "validation: fraction 0.96 holds out 10 of 10 training examples but must leave at least"
            + " one");
  }

  @Test
  void fractionTooSmallToHoldOutAnythingIsRefused() {
    assertError(
        () -> new HoldOut(0, 0.01, Select.FIRST).split(TEN, 1),
        "validation: fraction 0.01 holds out none of 10 training examples but must hold out at least"
            + " one");
  }

  @Test
  void impossibleFoldsAreRefused() {
    assertError(
        () -> KFold.ordered(10, 1),
        "folds is 1 but must be from 2 to the number of training examples, 10");
    assertError(
        () -> KFold.shuffled(10, 11, 1, 0),
        "folds is 11 but must be from 2 to the number of training examples, 10");
    assertError(
        () -> KFold.stratified(TEN, -2, 1, 0),
        "folds is -2 but must be from 2 to the number of training examples, 10");
    assertError(() -> KFold.shuffled(10, 2, 0, 0), "repeats is 0 but must be at least 1");
  }

  @Test
  void splitItselfMustBeSound() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Split(new int[] {0, 2}, new int[] {1, 2}))
        .withMessage("example 2 is a training example and a validation example");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Split(new int[0], new int[] {1}))
        .withMessage("a split must have at least one training example");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Split(new int[] {3, 1}, new int[0]))
        .withMessage("training examples must ascend from 0 but 1 follows 3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Split(new int[] {3}, new int[] {1, 1}))
        .withMessage("validation examples must ascend from 0 but 1 follows 1");
  }

  private static HoldOut read(String validation) {
    return HoldOut.read(
        Section.parse("f", "validation: " + flow(validation)).section("validation"));
  }

  private static String flow(String mapping) {
    return mapping.startsWith("{") ? mapping : "{" + mapping + "}";
  }

  private static void assertError(ThrowingCallable code, String message) {
    assertThatExceptionOfType(ConfigurationException.class).isThrownBy(code).withMessage(message);
  }
}
