/* Covers the faces of a JPEG (or any other photo) in memory: photo IN OUT */
#include <faceveil.h>
#include <stdio.h>

static unsigned char photo[64 << 20];

int main(int argc, char **argv) {
    faceveil_anonymizer *anonymizer = NULL;
    faceveil_result *result = NULL;
    faceveil_error error = {FACEVEIL_STATUS_OK, ""};
    size_t size, written, faces;
    FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL, *out;
    if (!in) return 2;
    size = fread(photo, 1, sizeof photo, in);
    fclose(in);
    if (faceveil_anonymizer_new(NULL, &anonymizer, &error) == FACEVEIL_STATUS_OK &&
        faceveil_photo(anonymizer, photo, size, &result, &error) == FACEVEIL_STATUS_OK) {
        const uint8_t *file = faceveil_result_data(result, &size);
        faceveil_result_faces(result, &faces);
        out = fopen(argv[2], "wb");
        written = out ? fwrite(file, 1, size, out) : 0;
        if (!out || fclose(out) != 0 || written != size) return perror(argv[2]), 1;
        printf("%zu faces\n", faces);
    }
    if (error.status) fprintf(stderr, "%s: %s\n", argv[1], error.message);
    faceveil_result_free(result);
    faceveil_anonymizer_free(anonymizer);
    return error.status != 0;
}
