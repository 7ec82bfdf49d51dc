/* Covers the faces of raw RGB frames, in place: camera WIDTH HEIGHT <in.rgb >out.rgb
 * ffmpeg -i /dev/video0 -pix_fmt rgb24 -f rawvideo - | camera 640 480 | ffplay -f rawvideo ... */
#include <faceveil.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    faceveil_options *options = faceveil_options_new();
    faceveil_anonymizer *anonymizer = NULL;
    faceveil_image frame = {NULL, 0, 0, 0, 0, FACEVEIL_ORDER_RGB};
    faceveil_error error = {FACEVEIL_STATUS_OK, ""};
    if (argc != 3) return 2;
    frame.width = (uint32_t)atoi(argv[1]);
    frame.height = (uint32_t)atoi(argv[2]);
    frame.stride = (size_t)frame.width * 3;
    frame.size = frame.stride * frame.height;
    frame.data = (uint8_t *)malloc(frame.size);
    if (faceveil_options_set(options, "preset", "fast", &error) == FACEVEIL_STATUS_OK &&
        faceveil_anonymizer_new(options, &anonymizer, &error) == FACEVEIL_STATUS_OK) {
        while (frame.data && fread(frame.data, 1, frame.size, stdin) == frame.size &&
               faceveil_pixels(anonymizer, &frame, NULL, 0, NULL, &error) == FACEVEIL_STATUS_OK)
            fwrite(frame.data, 1, frame.size, stdout);
    }
    if (error.status) fprintf(stderr, "%s\n", error.message);
    free(frame.data);
    faceveil_options_free(options);
    faceveil_anonymizer_free(anonymizer);
    return error.status != 0 || fflush(stdout) != 0;
}
