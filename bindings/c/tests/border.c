/* The library from outside: wrong arguments, every order of pixels, one handle in two threads.
 *
 *   border FILE     with a photo that shows one face
 *   border small    with a picture made here, for tools that slow a program down
 */
#define _POSIX_C_SOURCE 200809L
#include <faceveil.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(what)                                                               \
    do {                                                                          \
        if (!(what)) {                                                            \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #what, error.message); \
            exit(1);                                                              \
        }                                                                         \
    } while (0)

static faceveil_error error;
static unsigned char photo[1 << 20];
static size_t size;

/* A BMP of 32 by 32 pixels without a face. */
static void draw(void) {
    static const unsigned char head[54] = {'B', 'M', 0x36, 0x0c, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0,
                                           0,   0,   32,   0,    0, 0, 32, 0, 0, 0, 1, 0, 24};
    size_t i;
    memcpy(photo, head, sizeof head);
    for (i = 0; i < 32 * 32 * 3; i++) photo[54 + i] = (unsigned char)(i / 12);
    size = 54 + 32 * 32 * 3;
}

static void wrong_options(void) {
    faceveil_options *options = faceveil_options_new();
    CHECK(options && faceveil_options_set(options, "preset", "fast", &error) == 0);
    CHECK(error.status == FACEVEIL_STATUS_OK && error.message[0] == 0);
    CHECK(faceveil_options_set(options, "preset", "quick", &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(strstr(error.message, "fast, balanced, thorough"));
    CHECK(faceveil_options_set(options, "no such", "1", NULL) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_options_set(options, NULL, "1", &error) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_options_set(options, "preset", NULL, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_options_set(options, "style", "\xff", &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_options_set(NULL, "preset", "fast", &error) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_options_set_image(options, photo, 3, &error) != FACEVEIL_STATUS_OK);
    CHECK(faceveil_options_add_model(options, "", photo, 3, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    faceveil_options_free(options);
    faceveil_options_free(NULL);
}

static faceveil_anonymizer *load(void) {
    faceveil_options *options = faceveil_options_new();
    faceveil_anonymizer *anonymizer = (faceveil_anonymizer *)options;
    CHECK(faceveil_options_set(options, "color", "FF0000", &error) == FACEVEIL_STATUS_OK);
    CHECK(faceveil_anonymizer_new(options, &anonymizer, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT); /* a colour of no use */
    CHECK(anonymizer == NULL);
    CHECK(faceveil_anonymizer_new(NULL, NULL, &error) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    faceveil_options_free(options);
    options = faceveil_options_new();
    CHECK(faceveil_options_set(options, "preset", "fast", &error) == FACEVEIL_STATUS_OK);
    CHECK(faceveil_anonymizer_new(options, &anonymizer, &error) == FACEVEIL_STATUS_OK);
    faceveil_options_free(options);
    return anonymizer;
}

static void wrong_files(const faceveil_anonymizer *anonymizer) {
    faceveil_result *result = (faceveil_result *)&error;
    size_t count = 7;
    CHECK(faceveil_photo(anonymizer, photo, size / 2, &result, &error) != FACEVEIL_STATUS_OK);
    CHECK(result == NULL && error.message[0]);
    CHECK(faceveil_photo(anonymizer, NULL, 5, &result, &error) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_photo(anonymizer, NULL, 0, &result, &error) != FACEVEIL_STATUS_OK);
    CHECK(faceveil_photo(NULL, photo, size, &result, &error) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_photo(anonymizer, photo, size, NULL, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_photo(anonymizer, photo, (size_t)-1, &result, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_inspect((const unsigned char *)"text", 4, &result, NULL) ==
          FACEVEIL_STATUS_UNSUPPORTED);
    CHECK(faceveil_video(anonymizer, NULL, "x", NULL, NULL, &result, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_video(anonymizer, "/nonexistent", "/", NULL, NULL, &result, &error) !=
          FACEVEIL_STATUS_OK);
    CHECK(!faceveil_result_data(NULL, &count) && count == 0);
    CHECK(!faceveil_result_report(NULL) && !faceveil_result_faces(NULL, NULL));
    faceveil_result_free(NULL);
}

static void right_files(const faceveil_anonymizer *anonymizer, size_t expected) {
    faceveil_result *result = NULL;
    size_t length = 0, count = 0;
    CHECK(faceveil_photo(anonymizer, photo, size, &result, &error) == FACEVEIL_STATUS_OK);
    CHECK(faceveil_result_data(result, &length) && length > 0);
    CHECK(strstr(faceveil_result_report(result), "\"schema\""));
    faceveil_result_faces(result, &count);
    CHECK(count == expected);
    faceveil_result_free(result);
    CHECK(faceveil_detect(anonymizer, photo, size, &result, &error) == FACEVEIL_STATUS_OK);
    CHECK(!faceveil_result_data(result, &length) && length == 0);
    CHECK(expected == 0 || faceveil_result_faces(result, NULL)->score > 0.5f);
    faceveil_result_free(result);
    CHECK(faceveil_inspect(photo, size, &result, &error) == FACEVEIL_STATUS_OK);
    CHECK(strstr(faceveil_result_report(result), "\"findings\""));
    faceveil_result_free(result);
}

static void pixels(const faceveil_anonymizer *anonymizer) {
    enum { WIDTH = 40, HEIGHT = 24, STRIDE = 170 };
    static unsigned char data[STRIDE * HEIGHT];
    faceveil_image image = {data, sizeof data, WIDTH, HEIGHT, STRIDE, FACEVEIL_ORDER_RGBA};
    faceveil_rectangle region;
    size_t count = 9;
    for (image.order = 0; image.order < 4; image.order++)
        CHECK(faceveil_pixels(anonymizer, &image, &region, 1, &count, &error) == 0 && count == 0);
    CHECK(faceveil_pixels(anonymizer, &image, NULL, 0, NULL, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    image.order = FACEVEIL_ORDER_BGRA;
    image.stride = WIDTH * 4 - 1;
    CHECK(faceveil_pixels(anonymizer, &image, NULL, 0, NULL, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    image.stride = STRIDE;
    image.size = STRIDE * (HEIGHT - 1) + WIDTH * 4 - 1;
    CHECK(faceveil_pixels(anonymizer, &image, NULL, 0, NULL, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    image.data = NULL;
    CHECK(faceveil_pixels(anonymizer, &image, NULL, 0, NULL, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_pixels(anonymizer, NULL, NULL, 0, NULL, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
}

static void frames(void) {
    static unsigned char data[24 * 16 * 3];
    faceveil_image image = {data, sizeof data, 24, 16, 24 * 3, FACEVEIL_ORDER_BGR};
    faceveil_frames *stream = (faceveil_frames *)&error;
    uint64_t time = 9;
    int received = 9, i, out = 0;
    CHECK(faceveil_frames_new(NULL, 24, 16, 4, 0, 0, &stream, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(stream == NULL && faceveil_frames_delay(stream) == 0);
    CHECK(faceveil_frames_new(NULL, 24, 16, FACEVEIL_ORDER_BGR, 2, 1, &stream, &error) == 0);
    CHECK(faceveil_frames_delay(stream) >= 2);
    CHECK(faceveil_frames_receive(stream, &image, &time, &received, &error) == 0 && !received);
    for (i = 0; i < 5; i++) {
        memset(data, 10 * i, sizeof data);
        CHECK(faceveil_frames_push(stream, &image, (uint64_t)i * 40000, &error) == 0);
    }
    CHECK(faceveil_frames_push(stream, &image, 0, &error) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_frames_push(stream, NULL, 200000, &error) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    image.width = 23;
    CHECK(faceveil_frames_push(stream, &image, 200000, &error) == FACEVEIL_STATUS_INVALID_ARGUMENT);
    image.width = 24;
    CHECK(faceveil_frames_receive(stream, &image, NULL, NULL, &error) ==
          FACEVEIL_STATUS_INVALID_ARGUMENT);
    CHECK(faceveil_frames_finish(stream, &error) == FACEVEIL_STATUS_OK);
    while (faceveil_frames_receive(stream, &image, &time, &received, &error) == 0 && received) {
        CHECK(time == (uint64_t)out * 40000 && data[0] == 10 * out);
        out++;
    }
    CHECK(out == 5);
    faceveil_frames_free(stream);
    faceveil_frames_free(NULL);
}

static void *work(void *anonymizer) {
    faceveil_error own;
    int i;
    for (i = 0; i < 3; i++) {
        faceveil_result *result = NULL;
        if (faceveil_photo((const faceveil_anonymizer *)anonymizer, photo, size, &result, &own))
            return anonymizer;
        faceveil_result_free(result);
    }
    return NULL;
}

int main(int argc, char **argv) {
    int small = argc == 2 && strcmp(argv[1], "small") == 0;
    pthread_t threads[2];
    faceveil_anonymizer *anonymizer;
    void *failed = NULL;
    int i;
    if (argc != 2) return 2;
    if (small) {
        draw();
    } else {
        FILE *in = fopen(argv[1], "rb");
        CHECK(in);
        size = fread(photo, 1, sizeof photo, in);
        fclose(in);
    }
    CHECK(strchr(faceveil_version(), '.'));
    wrong_options();
    anonymizer = load();
    wrong_files(anonymizer);
    right_files(anonymizer, small ? 0 : 1);
    pixels(anonymizer);
    frames();
    for (i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, work, anonymizer) == 0);
    for (i = 0; i < 2; i++) CHECK(pthread_join(threads[i], &failed) == 0 && failed == NULL);
    faceveil_anonymizer_free(anonymizer);
    faceveil_anonymizer_free(NULL);
    return 0;
}
