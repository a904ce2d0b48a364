package dev.lockstep.report;

import java.util.List;

/**
 * Pictures that belong together.
 *
 * @param title what they show, a sentence
 */
public record Pictures(String title, List<Picture> pictures) {
  /**
   * @throws IllegalArgumentException if a part is missing
   */
  public Pictures {
    Values.require("title", title);
    pictures = Values.list("pictures", pictures);
  }
}
